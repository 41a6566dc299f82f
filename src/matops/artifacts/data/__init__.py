"""Datasets on disk: parts, history, prepared samples, what was refused."""
