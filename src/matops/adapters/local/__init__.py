"""Arms of a release on this machine, behind HAProxy."""
