"""Morphology of a porous metal and the physics that follows from it."""
