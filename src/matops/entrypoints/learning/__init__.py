"""Training and evaluation, with their adapters."""
