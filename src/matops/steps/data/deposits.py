"""What lies in a drop place: files that belong together, and whether they are all there."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from matops.simulators.output.manifest_table import NAMES as MANIFESTS

UNFINISHED = (".part", ".tmp", ".unfinished", ".filepart", ".crdownload")
"""Endings of names under which programs write what is not complete yet."""
TOP = "."


@dataclass(frozen=True)
class Deposit:
    """Files that are ingested together."""

    name: str  # path within the drop place of the file or directory; ``.`` for the place itself
    files: Mapping[str, str]  # stamp (size and time, or ETag) by path within the drop place

    @property
    def snapshot(self) -> str:
        """Changes whenever a file comes, goes, or is written."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()

    def content(self, root: Path) -> str:
        """Hash of all bytes and of the names beneath the deposit's own, whatever that is."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            with (root / path).open("rb") as file:
                own = hashlib.file_digest(file, "sha256").hexdigest()
            inside = "" if path == self.name else str(PurePosixPath(path).relative_to(self.name))
            digest.update(json.dumps([inside, own]).encode())
        return digest.hexdigest()


class DepositSource(Protocol):
    """A directory or bucket into which others put files."""

    def look(self) -> list[Deposit]:
        """What lies there now.

        Raises:
            BadInput: it can't be looked into.
        """

    def fetched(self, deposit: Deposit) -> AbstractContextManager[Path]:
        """A directory in which the deposit's files lie under their paths, while it is needed.

        Raises:
            BadInput: a file can't be had.
        """

    def unchanged(self, deposit: Deposit) -> bool:
        """Whether what was fetched is what the deposit says; asked after it was read."""

    def address(self, name: str) -> str:
        """How people call what lies under a path of the place."""


def group_deposits(stamps: Mapping[str, str]) -> list[Deposit]:
    """Deposits of a listing, sorted by name; those with an unfinished file are left out.

    A directory is one deposit with all that is in it, a file another. A manifest at the top speaks
    for all files beside it: they are one deposit. Hidden files are nobody's.
    """
    visible = {
        path: stamp
        for path, stamp in stamps.items()
        if not any(part.startswith(".") for part in path.split("/"))
    }
    together = any(name in visible for name in MANIFESTS)
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for path, stamp in visible.items():
        first, slash, _ = path.partition("/")
        groups[first if slash or not together else TOP][path] = stamp
    return [
        Deposit(name, files)
        for name, files in sorted(groups.items())
        if not any(path.lower().endswith(UNFINISHED) for path in files)
    ]
