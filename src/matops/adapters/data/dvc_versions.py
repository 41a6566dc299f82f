"""Versions of the data: their history, their differences, and whether they are whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matops.adapters.data.dvc_objects import (
    DIRECTORY,
    Listing,
    Objects,
    hash_anew,
    inside,
    listing_hash,
)
from matops.adapters.data.dvc_pointer import DATA, POINTER, read_pointer
from matops.adapters.data.dvc_store import HISTORY
from matops.adapters.data.dvc_workspace import (
    DVC_ERRORS,
    RemoteSettings,
    locked,
    open_objects,
    version_directory,
)
from matops.adapters.storage.errors import one_line
from matops.artifacts.data.comparison import Comparison, compare_parts
from matops.artifacts.data.history import VersionEntry
from matops.artifacts.jsonfile import read_json
from matops.core.errors import BadInput
from matops.steps.ports import DatasetVersion

SHORTEST_PREFIX = 4


@dataclass(frozen=True)
class Damage:
    """A file that is not what the version says."""

    place: str  # ``workspace``, ``cache`` or ``remote``
    file: str  # the part, or the object without a name of its own
    path: str  # where it is, or should be
    problem: str  # ``missing`` or ``changed``


@dataclass(frozen=True)
class Published:
    """The published version of one family."""

    family: str  # the family's name
    version: str  # its content hash
    parts: int  # number of parts
    at_hand: int  # parts that lie in the workspace
    remote: bool  # whether the remote has the version's listing
    entry: VersionEntry | None  # what the history says of it; None for data older than the history


class DvcVersions:
    """The versions that a workspace's pointer and its history name; it publishes none."""

    def __init__(self, workspace: Path, remote: RemoteSettings | None = None) -> None:
        """Name the places; nothing is read yet."""
        self.workspace = workspace.resolve()
        self.remote = remote or RemoteSettings()

    def log(self) -> list[VersionEntry]:
        """All versions of all families, the newest first."""
        with self._reading() as (objects, published):
            entries = _entries(objects, published)
        return sorted(entries, key=lambda entry: (entry.date, entry.number), reverse=True)

    def status(self) -> list[Published]:
        """What is published, by family."""
        with self._reading() as (objects, published):
            entries = {entry.version: entry for entry in _entries(objects, published)}
            states = []
            for family, version in _current(published).items():
                parts = inside(published, family)
                directory = self.workspace / DATA / family
                at_hand = sum(directory.joinpath(*key).is_file() for key in parts)
                stored = bool(objects.remote.exists(version + DIRECTORY))
                entry = entries.get(version)
                states.append(Published(family, version, len(parts), at_hand, stored, entry))
        return states

    def compare(self, first: str, second: str) -> Comparison:
        """What came and went from the first version to the second.

        Raises:
            BadInput: no such version, or the two are of different families.
        """
        with self._reading() as (objects, published):
            (family, before), (other, after) = (
                _find(objects, published, version) for version in (first, second)
            )
            if family != other:
                raise BadInput(f"{first} is of {family}, {second} is of {other}")
            parts = [set(_parts(objects, published, family, v).values()) for v in (before, after)]
            only_first, only_second = parts[0] - parts[1], parts[1] - parts[0]
            objects.fetch(only_first | only_second)
            return compare_parts(
                map(objects.path, sorted(only_first)), map(objects.path, sorted(only_second))
            )

    def pull(self) -> list[DatasetVersion]:
        """Fetch what is published into the data directory."""
        data = self.workspace / DATA
        with locked(self.workspace), self._reading() as (objects, published):
            objects.lay_out(published, data)
            current = _current(published).items()
            return [DatasetVersion(version, data / family) for family, version in current]

    def pull_version(self, version: str, out: Path | None = None) -> DatasetVersion:
        """Lay out a version's parts in a directory of its own; what is published stays.

        By default it is named by the version under ``.matops/versions``.

        Raises:
            BadInput: no such version, or ``out`` is a file or has something in it.
        """
        if out and out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise BadInput(f"{out}: not an empty directory")
        with self._reading() as (objects, published):
            family, whole = _find(objects, published, version)
            directory = out or version_directory(self.workspace, family, whole)
            objects.lay_out(_parts(objects, published, family, whole), directory)
        return DatasetVersion(whole, directory)

    def verify(self, version: str = "") -> tuple[int, list[Damage]]:
        """Hash all that a version, or what is published, is made of anew: files, and damage."""
        with self._reading() as (objects, published):
            if version:
                family, whole = _find(objects, published, version)
                listing, root = _parts(objects, published, family, whole), whole + DIRECTORY
            else:
                listing, root = published, read_pointer(self.workspace / POINTER).tree
            names = {value: "/".join(key) for key, value in listing.items()} | {root: "listing"}
            damages = [d for value, name in names.items() for d in _check(objects, value, name)]
            if not version:
                damages += _check_workspace(self.workspace / DATA, listing)
        return len(names), damages

    @contextmanager
    def _reading(self) -> Iterator[tuple[Objects, Listing]]:
        """Objects, and the listing of what is published; BadInput where there is no data yet."""
        pointer = self.workspace / POINTER
        published = read_pointer(pointer)
        if published.empty:
            raise BadInput(f"{pointer}: there is no data yet; try: matops ingest")
        with (
            one_line(f"{pointer}: the data it names can't be had", *DVC_ERRORS),
            open_objects(self.workspace, self.remote) as objects,
        ):
            yield objects, objects.load(published.tree)


def _entries(objects: Objects, published: Listing) -> list[VersionEntry]:
    history = inside(published, HISTORY).values()
    objects.fetch(history)
    return [read_json(objects.path(value), VersionEntry) for value in history]


def _current(published: Listing) -> dict[str, str]:
    """Published version by family."""
    families = sorted({key[0] for key in published} - {HISTORY})
    return {family: listing_hash(inside(published, family)) for family in families}


def _find(objects: Objects, published: Listing, begins: str) -> tuple[str, str]:
    """Family and whole name of the one version that begins so."""
    if len(begins) < SHORTEST_PREFIX:
        raise BadInput(f"{begins!r}: give {SHORTEST_PREFIX} characters of a version at least")
    named = {(entry.family, entry.version) for entry in _entries(objects, published)}
    named |= set(_current(published).items())
    pairs = sorted(pair for pair in named if pair[1].startswith(begins))
    if not pairs:
        raise BadInput(f"{begins}: no such version; see: matops data log")
    if len(pairs) > 1:
        raise BadInput(f"{begins}: {len(pairs)} versions begin so; give more of it")
    return pairs[0]


def _parts(objects: Objects, published: Listing, family: str, version: str) -> Listing:
    if _current(published).get(family) == version:
        return inside(published, family)
    return objects.load(version + DIRECTORY)


def _check(objects: Objects, value: str, name: str) -> Iterator[Damage]:
    for place, path, present in objects.hashed(value):
        if present != value.removesuffix(DIRECTORY):
            yield Damage(place, name, path, "changed" if present else "missing")


def _check_workspace(data: Path, listing: Listing) -> Iterator[Damage]:
    for key, value in listing.items():
        path = str(data.joinpath(*key))
        present = hash_anew(path)
        if present != value:
            yield Damage("workspace", "/".join(key), path, "changed" if present else "missing")
