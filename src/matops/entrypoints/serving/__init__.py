"""Questions to a package or a server."""
