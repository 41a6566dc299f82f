"""A cluster's objects: KServe's arms, and what the platform asks of a cluster."""
