"""What development needs and users don't."""
