"""``python -m matops`` is the same as ``matops``."""

from matops.entrypoints.cli import main

main()
