"""Closed-form physics of crystals, in pure NumPy."""
