"""Objects that no version needs: the leftovers of appends that were overtaken, killed or undone.

``dvc gc`` knows one version, the one in ``data.dvc``, and takes the others with it. Here all are
kept that a history names, of what is published and of every pointer that git knows, those that
packages were made of, and every older pointer's listing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.adapters.data.dvc_listings import HISTORY, current_versions, entries, reading
from matops.adapters.data.dvc_objects import DIRECTORY, Listing, Objects
from matops.adapters.data.dvc_pointer import POINTER, parse_pointer, read_pointer
from matops.adapters.data.dvc_workspace import DVC_ERRORS, RemoteSettings, locked
from matops.core.errors import BadInput


@dataclass(frozen=True)
class Unused:
    """An object that nothing names."""

    place: str  # ``cache`` or ``remote``
    object: str  # its hash
    path: str  # where it is
    size_bytes: int


@dataclass(frozen=True)
class Garbage:
    """What a collection found."""

    kept: int  # objects that are named
    young: int  # objects that are not named, but may be soon
    unused: tuple[Unused, ...]
    removed: bool  # whether they are gone now


class DvcGarbage:
    """The objects of a workspace, in cache and remote."""

    def __init__(self, workspace: Path, remote: RemoteSettings, pointers: Sequence[str]) -> None:
        """Name the places; ``pointers`` are texts that ``data.dvc`` had before."""
        self.workspace, self.remote = workspace.resolve(), remote
        self._pointers = pointers

    def collect(
        self, versions: Iterable[str], oldest_h: float, also: Sequence[Path], remove: bool
    ) -> Garbage:
        """Find what nothing names, and remove it if that is asked for.

        Args:
            versions: dataset versions that packages and running releases name.
            oldest_h: younger objects stay, hours: another machine may be about to publish them.
            also: pointers of other workspaces that share the remote.
            remove: whether to remove what was found; else nothing is changed.

        Raises:
            BadInput: cache or remote can't be had, or what is to be kept can't be read.
        """
        with locked(self.workspace), reading(self.workspace, self.remote) as (objects, published):
            trees = [parse_pointer(text, self.workspace / POINTER).tree for text in self._pointers]
            asked = [_existing(path) for path in also]
            listings = [published, *map(objects.load, asked)]
            listings += [objects.load(tree) for tree in set(trees) if objects.has(tree)]
            named = {read_pointer(self.workspace / POINTER).tree, *trees, *asked}
            for listing in listings:
                named |= _named_by(objects, listing)
            named |= _of_versions(objects, versions) | objects.of_other_pointers()
            kept = young = 0
            unused: list[Unused] = []
            for item, age_h in _stored(objects):
                if item.object in named or _is_older_pointer(objects, item.object, named):
                    kept += 1
                elif age_h < oldest_h:
                    young += 1
                else:
                    unused.append(item)
            if remove:
                for item in unused:
                    objects.remove(item.place, item.object)
        return Garbage(kept, young, tuple(unused), remove)


def _existing(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    return read_pointer(path).tree


def _named_by(objects: Objects, listing: Listing) -> set[str]:
    """All files of a published listing, and the listings of the versions that its history has."""
    versions = {entry.version for entry in entries(objects, listing)}
    versions |= set(current_versions(listing).values())
    return {*listing.values(), *(version + DIRECTORY for version in versions)}


def _of_versions(objects: Objects, versions: Iterable[str]) -> set[str]:
    """Listings and parts of versions that may be of another line than what is published."""
    roots = {version + DIRECTORY for version in versions}
    listings = [objects.load(root) for root in roots if objects.has(root)]
    return roots | {value for listing in listings for value in listing.values()}


def _is_older_pointer(objects: Objects, value: str, named: set[str]) -> bool:
    """Whether it is a listing of the whole data as it was once, of which nothing is missing.

    A listing that can't be read may be one.
    """
    if not value.endswith(DIRECTORY):
        return False
    try:
        listing = objects.load(value)
    except (BadInput, *DVC_ERRORS):
        return True
    return any(key[0] == HISTORY for key in listing) and named.issuperset(listing.values())


def _stored(objects: Objects) -> Iterator[tuple[Unused, float]]:
    """Every object with its age in hours."""
    now = datetime.now(UTC)
    for place, path, value, state in objects.stored():
        age_h = (now - _changed(state)).total_seconds() / 3600
        yield Unused(place, value, path, int(state["size"])), age_h


def _changed(state: dict[str, Any]) -> datetime:
    """When a file or an object was written; now where nobody says it."""
    when = state.get("LastModified", state.get("mtime"))
    if isinstance(when, datetime):
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    return datetime.fromtimestamp(when, UTC) if isinstance(when, int | float) else datetime.now(UTC)
