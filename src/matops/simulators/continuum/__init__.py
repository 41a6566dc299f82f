"""Continuum physics of porous solids on periodic voxel grids: elasticity and conduction."""
