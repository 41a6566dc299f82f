"""From a trained ensemble to its verdict."""
