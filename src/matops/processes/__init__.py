"""The ground below any science: workers that can die alone, and files that are written whole."""
