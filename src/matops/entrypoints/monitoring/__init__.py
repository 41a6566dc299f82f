"""Monitoring and retraining, with their adapters."""
