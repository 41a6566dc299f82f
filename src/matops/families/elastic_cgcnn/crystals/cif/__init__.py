"""Crystals from CIF: sites, their symmetry, and what the file says of the whole."""
