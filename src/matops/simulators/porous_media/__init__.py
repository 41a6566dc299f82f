"""Porous media on grids of pixels or voxels: structures, and diffusion through their pores."""
