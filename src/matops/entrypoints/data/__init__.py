"""Ingestion, watches and lineage, with their adapters."""
