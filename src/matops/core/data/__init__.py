"""Samples and their labels: records, targets, splits."""
