"""Sources and versions of data: DVC, drop places, the Materials Project."""
