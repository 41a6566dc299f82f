"""Elastic constants of alloys and nanoporous metals with LAMMPS and embedded-atom potentials."""
