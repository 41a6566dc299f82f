"""Versions of the data: their history, and their differences."""

from dataclasses import dataclass
from pathlib import Path

from matops.adapters.data.dvc_listings import (
    current_versions,
    entries,
    find_version,
    parts_of,
    reading,
)
from matops.adapters.data.dvc_objects import DIRECTORY, inside
from matops.adapters.data.dvc_pointer import DATA
from matops.adapters.data.dvc_workspace import RemoteSettings, locked, version_directory
from matops.artifacts.data.comparison import Comparison, compare_parts
from matops.artifacts.data.history import VersionEntry
from matops.core.errors import BadInput
from matops.steps.ports import DatasetVersion


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
        with reading(self.workspace, self.remote) as (objects, published):
            known = entries(objects, published)
        return sorted(known, key=lambda entry: (entry.date, entry.number), reverse=True)

    def status(self) -> list[Published]:
        """What is published, by family."""
        with reading(self.workspace, self.remote) as (objects, published):
            known = {entry.version: entry for entry in entries(objects, published)}
            states = []
            for family, version in current_versions(published).items():
                parts = inside(published, family)
                directory = self.workspace / DATA / family
                at_hand = sum(directory.joinpath(*key).is_file() for key in parts)
                stored = bool(objects.remote.exists(version + DIRECTORY))
                entry = known.get(version)
                states.append(Published(family, version, len(parts), at_hand, stored, entry))
        return states

    def compare(self, first: str, second: str) -> Comparison:
        """What came and went from the first version to the second.

        Raises:
            BadInput: no such version, or the two are of different families.
        """
        with reading(self.workspace, self.remote) as (objects, published):
            (family, before), (other, after) = (
                find_version(objects, published, version) for version in (first, second)
            )
            if family != other:
                raise BadInput(f"{first} is of {family}, {second} is of {other}")
            parts = [set(parts_of(objects, published, family, v).values()) for v in (before, after)]
            only_first, only_second = parts[0] - parts[1], parts[1] - parts[0]
            objects.fetch(only_first | only_second)
            return compare_parts(
                map(objects.path, sorted(only_first)), map(objects.path, sorted(only_second))
            )

    def pull(self) -> list[DatasetVersion]:
        """Fetch what is published into the data directory."""
        data = self.workspace / DATA
        with locked(self.workspace), reading(self.workspace, self.remote) as (objects, published):
            objects.lay_out(published, data)
            current = current_versions(published).items()
            return [DatasetVersion(version, data / family) for family, version in current]

    def pull_version(self, version: str, out: Path | None = None) -> DatasetVersion:
        """Lay out a version's parts in a directory of its own; what is published stays.

        By default it is named by the version under ``.matops/versions``.

        Raises:
            BadInput: no such version, or ``out`` is a file or has something in it.
        """
        if out and out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise BadInput(f"{out}: not an empty directory")
        with reading(self.workspace, self.remote) as (objects, published):
            family, whole = find_version(objects, published, version)
            directory = out or version_directory(self.workspace, family, whole)
            objects.lay_out(parts_of(objects, published, family, whole), directory)
        return DatasetVersion(whole, directory)
