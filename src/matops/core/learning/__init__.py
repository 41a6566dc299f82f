"""How a family learns: features, fitting, checkpoints, ranks, transfer."""
