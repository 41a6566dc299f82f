"""From versioned data to a trained ensemble, resumable."""
