"""From sources to versioned data, and back from a model to its sources."""
