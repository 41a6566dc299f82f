"""What a deployment needs of a cluster, and what the cluster has."""
