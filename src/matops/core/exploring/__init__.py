"""Studies of a family and screenings of designs."""
