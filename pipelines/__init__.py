"""Kubeflow pipelines, one a file; each reads like a table of contents."""
