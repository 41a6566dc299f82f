"""Metrics that servers publish, and what Prometheus answers about them."""
