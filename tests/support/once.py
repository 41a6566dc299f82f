"""What is dear to make and read only: made once a session, for all of its test processes."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A directory that the first test process fills while the others wait for it.

    What is made may name files by their absolute paths, so it is made in place.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root, unfinished = base / name, base / f"{name}.unfinished"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
            root.mkdir()
            try:
                make(root)
            except BaseException:
                root.rename(unfinished)
                raise
    return root
