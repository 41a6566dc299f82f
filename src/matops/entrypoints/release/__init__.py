"""Releases and their judge, with their adapters."""
