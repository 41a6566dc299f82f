"""Pipelines on this machine and on Kubeflow."""
