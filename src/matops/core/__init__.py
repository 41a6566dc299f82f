"""The vocabulary of the platform: what every family shares, without any input or output."""
