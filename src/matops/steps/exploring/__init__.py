"""Studies and screenings."""
