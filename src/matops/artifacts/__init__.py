"""What lies on disk between steps: dataset parts, prepared samples, model packages, reports."""
