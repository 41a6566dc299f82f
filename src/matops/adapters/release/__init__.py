"""Questions to one arm of a release."""
