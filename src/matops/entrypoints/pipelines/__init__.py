"""Runs of pipelines here and on Kubeflow."""
