"""Models on disk: trained members, checkpoints, packages, decisions about them."""
