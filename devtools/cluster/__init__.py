"""A Kubernetes cluster of one node on this machine, for development and tests: docs/cluster.md."""
