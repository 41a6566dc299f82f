"""What a workspace's history names: versions, and the listings of their parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matops.adapters.data.dvc_objects import DIRECTORY, Listing, Objects, inside, listing_hash
from matops.adapters.data.dvc_pointer import POINTER, read_pointer
from matops.adapters.data.dvc_workspace import DVC_ERRORS, RemoteSettings, open_objects
from matops.adapters.storage.errors import one_line
from matops.artifacts.data.history import VersionEntry
from matops.artifacts.jsonfile import read_json
from matops.core.errors import BadInput

HISTORY = ".history"
"""Where the data keeps its own history; no family can have this name."""
SHORTEST_PREFIX = 4


@contextmanager
def reading(workspace: Path, remote: RemoteSettings) -> Iterator[tuple[Objects, Listing]]:
    """Objects, and the listing of what is published; BadInput where there is no data yet."""
    pointer = workspace / POINTER
    published = read_pointer(pointer)
    if published.empty:
        raise BadInput(f"{pointer}: there is no data yet; try: matops ingest")
    with (
        one_line(f"{pointer}: the data it names can't be had", *DVC_ERRORS),
        open_objects(workspace, remote) as objects,
    ):
        yield objects, objects.load(published.tree)


def entries(objects: Objects, published: Listing) -> list[VersionEntry]:
    """The whole history, of all families."""
    history = inside(published, HISTORY).values()
    objects.fetch(history)
    return [read_json(objects.path(value), VersionEntry) for value in history]


def current_versions(published: Listing) -> dict[str, str]:
    """Published version by family."""
    families = sorted({key[0] for key in published} - {HISTORY})
    return {family: listing_hash(inside(published, family)) for family in families}


def find_version(objects: Objects, published: Listing, begins: str) -> tuple[str, str]:
    """Family and whole name of the one version that begins so."""
    if len(begins) < SHORTEST_PREFIX:
        raise BadInput(f"{begins!r}: give {SHORTEST_PREFIX} characters of a version at least")
    named = {(entry.family, entry.version) for entry in entries(objects, published)}
    named |= set(current_versions(published).items())
    pairs = sorted(pair for pair in named if pair[1].startswith(begins))
    if not pairs:
        raise BadInput(f"{begins}: no such version; see: matops data log")
    if len(pairs) > 1:
        raise BadInput(f"{begins}: {len(pairs)} versions begin so; give more of it")
    return pairs[0]


def parts_of(objects: Objects, published: Listing, family: str, version: str) -> Listing:
    """The parts of a version: as its listing has them, or as the history does.

    DVC's own garbage collection removes the listings of all versions but keeps their parts, since
    the published data has them too. A version has the parts that it and those before it added, and
    its hash tells whether that is all.

    Raises:
        BadInput: neither says it.
    """
    if current_versions(published).get(family) == version:
        return inside(published, family)
    if objects.has(version + DIRECTORY):
        return objects.load(version + DIRECTORY)
    listing = listing_from_history(objects, published, family, version)
    if listing_hash(listing) != version:
        raise BadInput(
            f"{family} data {version}: its listing is neither in the cache nor in the remote, and "
            "the history does not say all its parts"
        )
    objects.keep_listing(listing)
    return listing


def listing_from_history(
    objects: Objects, published: Listing, family: str, version: str
) -> Listing:
    """The published parts without those that came after a version; all where it is not known."""
    own = [entry for entry in entries(objects, published) if entry.family == family]
    number = next((entry.number for entry in own if entry.version == version), len(own))
    later = {entry.part for entry in own if entry.number > number}
    parts = inside(published, family).items()
    return {key: value for key, value in parts if key[-1] not in later}
