"""Pages that people read: reports with their plots."""
