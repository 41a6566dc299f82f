"""What is left when the namespaces are gone: control groups and files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from devtools.cluster.place import Place

GROUPS = Path("/sys/fs/cgroup")
PATIENCE_S = 10.0
WEIGHTS = {"cpu.shares": "8192", "cpu.weight": "800"}
"""Of all pods together, eight times a process's: else they share what one beside them has."""


def control_groups(place: Place) -> list[Path]:
    """Its control groups: one of each controller, or a single one."""
    return [found for found in _candidates(place) if found.is_dir()]


def _candidates(place: Place) -> Iterator[Path]:
    yield from (mounted / place.name for mounted in _hierarchies())


def _hierarchies() -> list[Path]:
    if (GROUPS / "cgroup.controllers").exists():
        return [GROUPS]
    links = {path.resolve() for path in GROUPS.iterdir() if path.is_dir()}
    return sorted(links)


def make_control_groups(place: Place) -> None:
    """What kubelet expects to be there."""
    for group in _candidates(place):
        group.mkdir(exist_ok=True)
        if (group / "cpuset.mems").exists():  # the first version starts with none
            for name in ("cpuset.cpus", "cpuset.mems"):
                (group / name).write_text((group.parent / name).read_text())
        for name, weight in WEIGHTS.items():
            if (group / name).exists():
                (group / name).write_text(weight)


def remove_control_groups(place: Place) -> None:
    """Remove them, once the kernel has let go of the processes that were in them."""
    deadline = time.monotonic() + PATIENCE_S
    while left := control_groups(place):
        for group in left:
            for inner in sorted(group.rglob("*/"), reverse=True):
                _remove(inner)
            _remove(group)
        if time.monotonic() > deadline:
            raise SystemExit(f"processes stay in {left[0]}")


def _remove(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        time.sleep(0.01)


def remove_files(place: Place) -> None:
    """Remove its directory, if it is a cluster's, with all that pods have written."""
    if (place.directory / "place.json").exists():
        shutil.rmtree(place.directory, onerror=_unless_gone)


def _unless_gone(_: object, path: str, error: tuple[type, BaseException, object]) -> None:
    """Another ``down`` may be removing the same files."""
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]
