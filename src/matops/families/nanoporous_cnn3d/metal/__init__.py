"""Nanoporous metals: structures, payloads, atoms."""
