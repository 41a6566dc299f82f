"""Runs and schedules of pipelines on a service."""
