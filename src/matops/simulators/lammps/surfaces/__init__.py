"""Surfaces of fcc metals by molecular statics: energy, stress and stiffness of any (hkl)."""
