"""Nanoporous metals under strain."""
