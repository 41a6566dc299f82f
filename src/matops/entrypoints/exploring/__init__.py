"""Screenings and shards, with their adapters."""
