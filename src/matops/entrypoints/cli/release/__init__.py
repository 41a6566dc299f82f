"""Commands that serve, release and monitor."""
