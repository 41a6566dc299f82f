"""From a package to all of the traffic, or back."""
