"""Versioned data with DVC: ``data/<family>/part-*.parquet`` under one pointer, ``data.dvc``.

An append writes a part, keeps it and the new listings in the cache, pushes them, and only then
replaces the pointer. Whatever stops it on the way, the pointer names whole data that the remote
has. The cost is that of the new part: old ones are neither read nor asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from matops.adapters.data.dvc_listings import HISTORY, parts_of
from matops.adapters.data.dvc_objects import DIRECTORY, Listing, Objects, inside, listing_hash
from matops.adapters.data.dvc_pointer import DATA, POINTER, Pointer, read_pointer, replace_pointer
from matops.adapters.data.dvc_workspace import (
    DVC_ERRORS,
    RemoteSettings,
    locked,
    open_objects,
    version_directory,
)
from matops.adapters.storage.errors import one_line
from matops.artifacts.data.dataset import part_samples, read_part, write_part
from matops.artifacts.data.history import VersionEntry, count_sources, now
from matops.artifacts.data.record_index import RecordIndex, open_index
from matops.artifacts.jsonfile import write_json
from matops.core.data.record import Record
from matops.core.data.sifting.contradiction import sample_key
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.ports import Appended, DatasetVersion, Lacking


class DvcStore:
    """A workspace's data.

    The version of a family's data is the DVC hash of its subdirectory, so that new data of one
    family leaves the versions of the others alone.
    """

    def __init__(
        self, workspace: Path, remote: str | RemoteSettings | None = None, author: str = "unknown"
    ) -> None:
        """Name the places; nothing is read or written yet.

        Without ``remote``, a DVC URL, it is the one in ``.dvc/config``, else ``.matops/remote`` of
        the workspace; the history names the ``author``.
        """
        self.workspace = workspace.resolve()
        self.pointer, self.data = self.workspace / POINTER, self.workspace / DATA
        self.remote = remote if isinstance(remote, RemoteSettings) else RemoteSettings(remote)
        self.author = author

    def checkout(self, family: Family) -> DatasetVersion | None:
        """The published version, fetched from the remote where it is not at hand.

        Raises:
            BadInput: neither cache nor remote has it, or its files were changed by hand.
        """
        if read_pointer(self.pointer).empty:
            return None
        with self._writing(f"{self.pointer}: the data it names can't be had") as objects:
            listing = self._published(objects, read_pointer(self.pointer))
            objects.lay_out(listing, self.data)
            return self._version(listing, family)

    def open(self, family: Family, version: str) -> DatasetVersion:
        """A version by its hash, the published one or an earlier one.

        Raises:
            BadInput: neither cache nor remote knows it, or its parts can't be had.
        """
        with self._opening(family, version) as objects:
            published = self._published(objects, read_pointer(self.pointer))
            current = self._version(published, family)
            if current and current.version == version:
                objects.lay_out(published, self.data)
                return current
            directory = version_directory(self.workspace, family.name, version)
            objects.lay_out(parts_of(objects, published, family.name, version), directory)
        return DatasetVersion(version, directory)

    def addresses(self, family: Family, version: str) -> Mapping[str, str]:
        """URL at which the remote has each part of a version, by the part's file name.

        Raises:
            BadInput: neither cache nor remote knows the version.
        """
        with self._opening(family, version) as objects:
            published = self._published(objects, read_pointer(self.pointer))
            parts = parts_of(objects, published, family.name, version)
            return {key[-1]: objects.address(value) for key, value in parts.items()}

    def pointer_text(self) -> str:
        """Content of ``data.dvc``: with it and the remote, another workspace has the same data.

        Raises:
            BadInput: nothing is published yet.
        """
        if not self.pointer.is_file():
            raise BadInput(f"{self.pointer}: no such file; nothing is published yet")
        return self.pointer.read_text(encoding="utf-8")

    def append(self, family: Family, records: Sequence[Record]) -> Appended:
        """Add the records that the data lacks as one part, push it and publish the new version.

        What another process published meanwhile is kept, and its records are not added again.

        Raises:
            BadInput: disk or remote can't be written; what was published stays so.
        """
        with self._writing("the data can't be stored") as objects:
            growth = self._publish(objects, family, records)
            while growth is None:
                growth = self._publish(objects, family, records)
            with one_line(f"stored and published, but {self.data} can't be written", *DVC_ERRORS):
                objects.lay_out(growth.listing, self.data)
            grown = self._version(growth.listing, family)
        if grown is None:
            raise BadInput(f"{family.name}: no record to begin with")
        return Appended(grown.version, grown.directory, growth.added)

    def lacking(self, family: Family, records: Sequence[Record]) -> Lacking:
        """Which of these records the published data lacks, and what it has of their samples.

        Raises:
            BadInput: neither cache nor remote has the data.
        """
        with self._writing(f"{self.pointer}: the data it names can't be had") as objects:
            listing = self._published(objects, read_pointer(self.pointer))
            parts = list(inside(listing, family.name).values())
            with self._indexed(objects, family, parts) as index:
                published = index.known((record.id for record in records), parts)
                new = [record for record in records if record.id not in published]
                found = index.of_samples({sample_key(record.payload) for record in new}, parts)
            objects.fetch(list(found))
            read = (read_part(objects.path(p), family.targets, ids) for p, ids in found.items())
            return Lacking(new, [record for part in read for record in part])

    @contextmanager
    def _indexed(
        self, objects: Objects, family: Family, parts: Sequence[str]
    ) -> Iterator[RecordIndex]:
        with open_index(self.workspace / ".matops" / "index" / f"{family.name}.sqlite") as index:
            index.add({part: partial(_read_samples, objects, part) for part in parts})
            yield index

    def _publish(
        self, objects: Objects, family: Family, records: Sequence[Record]
    ) -> "_Growth | None":
        """Publish the new records; None where the pointer moved, as after a ``git pull``."""
        base = read_pointer(self.pointer)
        listing = self._published(objects, base)
        parts = list(inside(listing, family.name).values())
        with self._indexed(objects, family, parts) as index:
            published = index.known((record.id for record in records), parts)
            rows = index.rows(parts)
        new = [record for record in records if record.id not in published]
        if not new:
            return _Growth(listing, [], 0, 0)
        growth = self._grow(objects, listing, family, new, rows)
        if not base.empty and not objects.remote.exists(base.tree):
            # Another remote than the one that the old data went to.
            objects.push([*listing.values(), base.tree])
        objects.push(growth.push)
        grown = Pointer(growth.push[-1], base.size_bytes + growth.size_bytes, len(growth.listing))
        return growth if replace_pointer(self.pointer, base, grown) else None

    def _grow(
        self, objects: Objects, listing: Listing, family: Family, new: Sequence[Record], rows: int
    ) -> "_Growth":
        """Keep a part with the new records, its history and the listings that have them."""
        parent = self._version(listing, family)
        with TemporaryDirectory(dir=self.workspace / ".matops", prefix="part-") as directory:
            part = write_part(Path(directory), new, family.targets)
            parts = inside(listing, family.name) | {(part.name,): objects.keep(part)}
            version = objects.keep_listing(parts)
            entry = VersionEntry(
                family=family.name,
                number=1 + len(inside(listing, HISTORY, family.name)),
                version=version.removesuffix(DIRECTORY),
                parent=parent.version if parent else "",
                part=part.name,
                added=len(new),
                rows=rows + len(new),
                targets={target.name: target.unit for target in family.targets},
                sources=count_sources(new),
                date=now(),
                author=self.author,
            )
            written = Path(directory) / entry.file_name
            write_json(written, entry)
            size_bytes = part.stat().st_size + written.stat().st_size
            files = [parts[(part.name,)], objects.keep(written)]
        places = (family.name, part.name), (HISTORY, family.name, written.name)
        grown = listing | dict(zip(places, files, strict=True))
        push = [*files, version, objects.keep_listing(grown)]
        return _Growth(grown, push, size_bytes, len(new))

    def _published(self, objects: Objects, pointer: Pointer) -> Listing:
        return {} if pointer.empty else objects.load(pointer.tree)

    def _version(self, listing: Listing, family: Family) -> DatasetVersion | None:
        parts = inside(listing, family.name)
        return DatasetVersion(listing_hash(parts), self.data / family.name) if parts else None

    def _opening(self, family: Family, version: str) -> AbstractContextManager[Objects]:
        return self._writing(f"{family.name} data {version}: not a version that is known here")

    @contextmanager
    def _writing(self, problem: str) -> Iterator[Objects]:
        with (
            one_line(problem, *DVC_ERRORS),
            locked(self.workspace),
            open_objects(self.workspace, self.remote) as objects,
        ):
            yield objects


@dataclass(frozen=True)
class _Growth:
    """What an append changes."""

    listing: Listing  # the whole data afterwards
    push: Sequence[str]  # objects to push, in this order; the last is the listing
    size_bytes: int  # of the new files
    added: int  # new records


def _read_samples(objects: Objects, part: str) -> Iterator[tuple[str, str]]:
    objects.fetch([part])
    return part_samples(objects.path(part))
