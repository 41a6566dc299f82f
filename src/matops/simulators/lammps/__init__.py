"""Elastic constants of metal alloys with LAMMPS and embedded-atom potentials."""
