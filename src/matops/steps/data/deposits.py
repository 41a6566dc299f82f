"""What lies in a drop place: files that belong together, and whether they are all there."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from matops.simulators.output.manifest_table import NAMES as MANIFESTS
from matops.steps.data.file_names import name_problem

UNFINISHED = (".part", ".tmp", ".unfinished", ".filepart", ".crdownload")
"""Endings of names under which programs write what is not complete yet."""
TOP = "."
MOST_FILES = 100_000
"""In one deposit."""
MOST_BYTES = 16 * 2**30
"""In one deposit: a copy of it must find room while it is read."""


@dataclass(frozen=True)
class Listed:
    """What a listing says of one file."""

    stamp: str  # changes whenever the file is written: size and time, or ETag
    size_bytes: int = 0
    problem: str = ""  # why it is not read; empty for a file


@dataclass(frozen=True)
class Deposit:
    """Files that are ingested together."""

    name: str  # path within the drop place of the file or directory; ``.`` for the place itself
    files: Mapping[str, str]  # stamp by path within the drop place
    # why it is not read, by path, of whatever is no plain file with a sound name
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def snapshot(self) -> str:
        """Changes whenever a file comes, goes, or is written."""
        listed = [dict(self.files), dict(self.refused)] if self.refused else dict(self.files)
        return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()

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

    def look(self) -> Iterator[Deposit]:
        """What lies there now, one by one, sorted by name.

        Raises:
            BadInput: it can't be looked into.
        """

    def fetch(self, deposit: Deposit, directory: Path) -> None:
        """Copy the deposit's files into an empty directory, under their paths.

        What is read is this copy, so that nobody can change it meanwhile.

        Raises:
            BadInput: a file can't be had, or is no longer what the deposit says.
        """

    def address(self, name: str) -> str:
        """How people call what lies under a path of the place; printable, whatever the path."""


def group_deposits(listed: Mapping[str, Listed]) -> Iterator[Deposit]:
    """Deposits of a listing, sorted by name; those with an unfinished file are left out.

    A directory is one deposit with all that is in it, a file another. A manifest at the top speaks
    for all files beside it: they are one deposit. Hidden files are nobody's.
    """
    together = any(name in listed for name in MANIFESTS)
    groups: dict[str, list[tuple[str, Listed]]] = defaultdict(list)
    for path, file in listed.items():
        first, slash, _ = path.partition("/")
        groups[first if slash or not together else TOP].append((path, file))
    for name in sorted(groups):
        yield from deposits_of(name, groups[name])


def deposits_of(name: str, listed: Iterable[tuple[str, Listed]]) -> Iterator[Deposit]:
    """The deposit of these files: none while one of them is unfinished, or all are hidden."""
    if is_hidden(name):
        return
    problem = name_problem(name)
    files: dict[str, str] = {}
    refused: dict[str, str] = {}
    size_bytes = 0
    for path, file in () if problem else listed:
        if is_hidden(path):
            continue
        if path.lower().endswith(UNFINISHED):
            return
        reason = file.problem or name_problem(path)
        if reason:
            refused[path] = reason
        else:
            files[path], size_bytes = file.stamp, size_bytes + file.size_bytes
        problem = problem or _too_much(len(files) + len(refused), size_bytes)
        if problem:
            break
    for path in sorted(_folders(files) & files.keys()):
        del files[path]
        refused[path] = "is a file and a folder at once"
    if problem:
        yield Deposit(name, {}, {name: problem})
    elif files or refused:
        yield Deposit(name, files, refused)


def is_hidden(path: str) -> bool:
    """Whether a file is nobody's: its name, or that of a folder above it, begins with a dot."""
    return any(part.startswith(".") and part.strip(".") for part in path.split("/"))


def _too_much(files: int, size_bytes: int) -> str:
    if files > MOST_FILES:
        return f"more than {MOST_FILES:,} files in one deposit: put them into several"
    if size_bytes > MOST_BYTES:
        return f"more than {MOST_BYTES // 2**30} GiB in one deposit: put them into several"
    return ""


def _folders(paths: Iterable[str]) -> set[str]:
    return {str(folder) for path in paths for folder in PurePosixPath(path).parents}
