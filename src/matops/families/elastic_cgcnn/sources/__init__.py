"""Layouts in which labelled crystals come, a module each."""
