"""What stands between a connection and the model: limits, bodies, refusals."""
