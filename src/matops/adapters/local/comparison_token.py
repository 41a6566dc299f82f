"""The secret by which arms of this machine's deployments know what their judge asks."""

import secrets
from pathlib import Path

from filelock import FileLock

from matops.processes.atomic import atomic

TOKEN = "comparison-token"  # noqa: S105  the file's name


def kept_token(root: Path) -> str:
    """The token of all deployments below a directory; made up once, and readable by the owner."""
    path = root / TOKEN
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{TOKEN}.lock"):
        if not path.is_file():
            with atomic(path) as unfinished:
                unfinished.touch(mode=0o600)
                unfinished.write_text(secrets.token_hex(32))
        return path.read_text()
