"""Packages with families from outside the tree, installed where a test says."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matops.families import get_family, places

OUTSIDE = Path(__file__).parent / "outside"
OURS = {path.name for path in OUTSIDE.iterdir()}


def announce(site: Path, name: str, value: str, package: str = "other") -> None:
    """Write what an installer would: a package's entry point for a family."""
    information = site / f"{package}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[matops.families]\n{name} = {value}\n")


def install(site: Path, name: str) -> Path:
    """A family as its package's installation leaves it; the directory for sys.path."""
    shutil.copytree(OUTSIDE / name, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    announce(site, name, name, f"matops-{name}")
    return site


@contextmanager
def on_path(site: Path) -> Iterator[None]:
    """Let this process find what is installed in a directory."""
    sys.path.insert(0, str(site))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        forget()
        for module in [name for name in sys.modules if name.split(".")[0] in OURS]:
            del sys.modules[module]


def forget() -> None:
    """Let families be looked for anew."""
    places.cache_clear()
    get_family.cache_clear()
