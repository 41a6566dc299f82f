"""Networks on periodic voxel grids."""
