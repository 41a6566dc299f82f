"""DVC's objects: files and listings named by their hash, at hand in the cache and in the remote."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from dvc_data.hashfile.db import add_update_tree
from dvc_data.hashfile.hash import file_md5, hash_file
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree
from dvc_objects.fs.base import FileSystem
from dvc_objects.fs.local import localfs
from dvc_objects.fs.utils import copyfile

from matops.artifacts.data.dataset import PARTS
from matops.core.errors import BadInput
from matops.processes.atomic import atomic

HASH = "md5"
DIRECTORY = ".dir"
"""DVC's suffix to the hash of a listing."""
Listing = dict[tuple[str, ...], str]
"""Hash of each file of a directory, by its path's parts."""


def listing_hash(listing: Listing) -> str:
    """DVC's hash of a directory, without the suffix."""
    return str(_as_tree(listing).oid).removesuffix(DIRECTORY)


def inside(listing: Listing, *directory: str) -> Listing:
    """The listing of a directory in it; empty if there is none."""
    depth = len(directory)
    return {key[depth:]: value for key, value in listing.items() if key[:depth] == directory}


def hash_anew(path: str, fs: FileSystem = localfs) -> str:
    """A file's hash, read from its content; empty if it is missing."""
    try:
        return file_md5(path, fs)
    except FileNotFoundError:
        return ""


def _as_tree(listing: Listing) -> Tree:
    tree: Tree = Tree()  # type: ignore[no-untyped-call]
    for key, value in listing.items():
        tree.add(key, None, HashInfo(HASH, value))
    tree.digest()
    return tree


class Objects:
    """The objects of one DVC repository."""

    def __init__(self, repo: Repo) -> None:
        """Open cache and remote of a repository; the remote is not asked anything yet."""
        self._repo, self._state = repo, repo.state
        self.cache = repo.cache.local
        self.remote = repo.cloud.get_remote_odb()

    def load(self, value: str) -> Listing:
        """The listing with this hash, fetched where it is not at hand."""
        self.fetch([value])
        tree = Tree.load(self.cache, HashInfo(HASH, value))
        return {key: str(hashed.value) for key, _, hashed in tree if hashed}

    def has(self, value: str) -> bool:
        """Whether cache or remote has an object."""
        return bool(self.cache.exists(value) or self.remote.exists(value))

    def keep(self, staged: Path) -> str:
        """Take a file into the cache and return its hash."""
        _, hashed = hash_file(str(staged), localfs, HASH)
        value = str(hashed.value)
        self.cache.add(str(staged), localfs, value, hardlink=True)
        return value

    def keep_listing(self, listing: Listing) -> str:
        """Take a listing into the cache and return its hash."""
        return str(add_update_tree(self.cache, _as_tree(listing)).oid)

    def push(self, hashes: Sequence[str]) -> None:
        """Store objects of the cache in the remote, in this order, unless it has them."""
        for value in hashes:
            self.remote.add(self.cache.oid_to_path(value), self.cache.fs, value)

    def even_out(self, hashes: Iterable[str]) -> list[str]:
        """Have in cache and remote what either has; returns what neither has."""
        wanted = list(dict.fromkeys(hashes))
        lost = [value for value in wanted if not self.has(value)]
        kept = [value for value in wanted if value not in set(lost)]
        self.fetch(kept)
        self.push(kept)
        return lost

    def fetch(self, hashes: Iterable[str]) -> None:
        """Have objects at hand; what comes from the remote is hashed before it counts.

        Raises:
            BadInput: the remote's copy is not what its name says.
        """
        missing = sorted({value for value in hashes if not self.cache.exists(value)})
        if not missing:
            return
        paths = [self.remote.oid_to_path(value) for value in missing]
        self.cache.add(paths, self.remote.fs, missing, verify=True)
        damaged = [value for value in missing if not self.cache.exists(value)]
        if damaged:
            raise BadInput(f"the remote's copy of {damaged[0]} is damaged")

    def path(self, value: str) -> Path:
        """Where the cache has an object."""
        return Path(self.cache.oid_to_path(value))

    def address(self, value: str) -> str:
        """URL at which the remote has an object, as in ``s3://bucket/files/md5/ab/cdef``."""
        return str(self.remote.fs.unstrip_protocol(self.remote.oid_to_path(value)))

    def lay_out(self, listing: Listing, directory: Path) -> None:
        """Let a directory be what a listing says; what was changed by hand is not overwritten.

        Raises:
            BadInput: a file was changed or added by hand, and no object keeps its content.
        """
        self.fetch(listing.values())
        for key, value in listing.items():
            self._place(value, directory.joinpath(*key))
        for path in directory.rglob(PARTS):
            if path.relative_to(directory).parts not in listing:
                self._refuse_unsaved(path, self._hash(path))
                path.unlink()

    def _place(self, value: str, path: Path) -> None:
        if path.is_file():
            present = self._hash(path)
            if present == value:
                return
            self._refuse_unsaved(path, present)
        with atomic(path) as unfinished:
            copyfile(str(self.path(value)), str(unfinished))

    def hashed(self, value: str) -> Iterator[tuple[str, str, str]]:
        """An object hashed anew in cache and remote: place, path and hash; empty if missing."""
        for place, stored in self._places().items():
            path = stored.oid_to_path(value)
            yield place, stored.fs.unstrip_protocol(path), hash_anew(path, stored.fs)

    def stored(self) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
        """Every object of cache and remote: place, path, hash, and what the file system says."""
        for place, stored in self._places().items():
            for value in list(stored.all()):
                path = stored.oid_to_path(value)
                yield place, stored.fs.unstrip_protocol(path), str(value), stored.fs.info(path)

    def remove(self, place: str, value: str) -> None:
        """Remove an object from one of the two places."""
        stored = self._places()[place]
        stored.fs.remove(stored.oid_to_path(value))

    def of_other_pointers(self) -> set[str]:
        """Objects that any DVC file of the workspace names, whoever wrote it."""
        named = set()
        for hashes in self._repo.used_objs().values():
            for hashed in hashes:
                named.add(str(hashed.value))
                if hashed.isdir and self.has(str(hashed.value)):
                    named |= set(self.load(str(hashed.value)).values())
        return named

    def _places(self) -> dict[str, Any]:
        return {"cache": self.cache, "remote": self.remote}

    def _hash(self, path: Path) -> str:
        """A file's hash, from DVC's notes where size, time and inode are as they were."""
        _, hashed = hash_file(str(path), localfs, HASH, state=self._state)
        return str(hashed.value)

    def _refuse_unsaved(self, path: Path, value: str) -> None:
        if not self.cache.exists(value):
            raise BadInput(f"{path}: not what data.dvc names, and kept nowhere else: move it away")
