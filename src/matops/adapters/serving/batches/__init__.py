"""Requests on their way through worker processes."""
