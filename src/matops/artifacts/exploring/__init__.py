"""Screenings on disk."""
