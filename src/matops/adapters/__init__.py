"""The outside world behind the ports: DVC, package directories, KServe, local Kubeflow runs."""
