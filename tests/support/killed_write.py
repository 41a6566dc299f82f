"""A process that is killed in the middle of an atomic write: ``killed_write(path, content)``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from matops.processes.atomic import atomic


def killed_write(path: Path, content: bytes) -> Path:
    """Let a process die before the end of the block; returns what it leaves beside ``path``."""
    before = set(path.parent.glob("*")) if path.parent.exists() else set()
    writer = subprocess.run([sys.executable, "-m", __name__, str(path)], input=content, check=False)
    assert writer.returncode == -signal.SIGKILL
    [left] = {each for each in path.parent.glob("*") if "lock" not in each.name} - before
    return left


if __name__ == "__main__":
    with atomic(Path(sys.argv[1])) as unfinished:
        unfinished.write_bytes(sys.stdin.buffer.read())
        os.kill(os.getpid(), signal.SIGKILL)
