"""Files that outlive a process: packages and checkpoints, here or on S3."""
