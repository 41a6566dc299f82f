"""Crystals: their elements, cells and file formats."""
