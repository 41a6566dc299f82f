"""Processes of this machine: workers that can die alone."""
