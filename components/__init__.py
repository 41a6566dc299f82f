"""Kubeflow components, one a step: artifact paths in, a call into matops, artifact paths out."""
