"""Whether the data is whole, and what mends it where it is not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from matops.adapters.data.dvc_listings import (
    HISTORY,
    current_versions,
    entries,
    find_version,
    listing_from_history,
    parts_of,
    reading,
)
from matops.adapters.data.dvc_objects import DIRECTORY, Listing, Objects, hash_anew, listing_hash
from matops.adapters.data.dvc_pointer import DATA, POINTER, read_pointer
from matops.adapters.data.dvc_workspace import RemoteSettings, locked

MEND, PULL = "matops data mend", "matops data pull"


@dataclass(frozen=True)
class Damage:
    """A file that is not what the version says."""

    place: str  # ``workspace``, ``cache`` or ``remote``
    file: str  # the part, or the object without a name of its own
    path: str  # where it is, or should be
    problem: str  # ``missing`` or ``changed``
    advice: str  # what to do, in one line


class DvcHealth:
    """The objects that a workspace's pointer and its history name."""

    def __init__(self, workspace: Path, remote: RemoteSettings) -> None:
        """Name the places; nothing is read yet."""
        self.workspace, self.remote = workspace.resolve(), remote

    def verify(self, version: str = "") -> tuple[int, list[Damage]]:
        """Hash all that a version, or what is published, is made of anew: files, and damage.

        Of the versions before the published ones the listings are hashed; their parts are those of
        the published ones.
        """
        with reading(self.workspace, self.remote) as (objects, published):
            if version:
                family, whole = find_version(objects, published, version)
                names = _names(parts_of(objects, published, family, whole))
                names[whole + DIRECTORY] = "listing"
                damages = [d for value, name in names.items() for d in _check(objects, value, name)]
                return len(names), damages
            root = read_pointer(self.workspace / POINTER).tree
            names = _names(published) | {root: "listing"}
            damages = [d for value, name in names.items() for d in _check(objects, value, name)]
            history = [value for key, value in published.items() if key[0] == HISTORY]
            listings = _listings(objects, published) if all(map(objects.has, history)) else {}
            for value, (family, known) in listings.items():
                damages += _check_listing(objects, value, f"listing of version {known} of {family}")
            damages += _check_workspace(self.workspace / DATA, published)
        return len(names) + len(listings), damages

    def mend(self) -> tuple[int, list[str]]:
        """Bring back what cache, remote or history still has.

        Returns:
            How many listings were made again, and the hashes of what nobody has.
        """
        with locked(self.workspace), reading(self.workspace, self.remote) as (objects, published):
            root = read_pointer(self.workspace / POINTER).tree
            listings = _listings(objects, published)
            gone = [names for value, names in listings.items() if not objects.has(value)]
            made = 0
            for family, version in gone:
                listing = listing_from_history(objects, published, family, version)
                if listing_hash(listing) == version:
                    objects.keep_listing(listing)
                    made += 1
            return made, objects.even_out([*published.values(), *listings, root])


def _listings(objects: Objects, published: Listing) -> dict[str, tuple[str, str]]:
    """Family and version by the hash of the version's listing, of all that are known."""
    named = {(entry.family, entry.version) for entry in entries(objects, published)}
    named |= set(current_versions(published).items())
    return {version + DIRECTORY: (family, version) for family, version in sorted(named)}


def _names(listing: Listing) -> dict[str, str]:
    return {value: "/".join(key) for key, value in listing.items()}


def _check(objects: Objects, value: str, name: str) -> Iterator[Damage]:
    found = list(objects.hashed(value))
    sound = value.removesuffix(DIRECTORY)
    is_somewhere = any(present == sound for _, _, present in found)
    for place, path, present in found:
        if present != sound:
            problem = "changed" if present else "missing"
            yield Damage(place, name, path, problem, _advice(present, is_somewhere))


def _check_listing(objects: Objects, value: str, name: str) -> Iterator[Damage]:
    """Of an earlier version; the history makes it again, and the cache need not have it."""
    for damage in _check(objects, value, name):
        if damage.place == "remote" or damage.problem == "changed":
            yield replace(damage, advice=_advice(damage.problem == "changed", True))


def _advice(is_there: object, is_somewhere: bool) -> str:
    if not is_somewhere:
        return "no sound copy is left: restore it from a backup, or ingest its source again"
    return f"remove it, then: {MEND}" if is_there else MEND


def _check_workspace(data: Path, listing: Listing) -> Iterator[Damage]:
    for key, value in listing.items():
        path = str(data.joinpath(*key))
        present = hash_anew(path)
        if present != value:
            advice = f"move it away, then: {PULL}" if present else PULL
            problem = "changed" if present else "missing"
            yield Damage("workspace", "/".join(key), path, problem, advice)
