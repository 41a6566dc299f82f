"""The ledger of a watch: which deposits were read, so that none is read twice."""

from dataclasses import dataclass
from pathlib import Path

from matops.artifacts.jsonfile import from_json, read_json, to_json, write_json
from matops.core.errors import BadInput
from matops.processes.indexed_file import IndexedFile


@dataclass(frozen=True)
class ReadDeposit:
    """A deposit that was read, with what came of it."""

    address: str
    snapshot: str  # its files' names and stamps, hashed
    content: str  # its files' bytes, hashed; empty where they were not read
    version: str  # dataset version afterwards; empty if it held nothing usable
    added: int  # records that were new
    repeated: int  # records that the data had already
    refused: int  # records that were quarantined
    date: str  # when, ISO


MOST_UNFINISHED = 100
"""Unfinished readings that are remembered; the oldest are forgotten."""


@dataclass(frozen=True)
class Unfinished:
    """Readings that were begun and have not ended."""

    times: dict[str, int]  # how often, by place


class DepositLedger(IndexedFile):
    """JSON lines, one a deposit; while it is open it keeps a second watch out.

    A damaged line is as if its deposit had not been read: reading it again adds nothing twice.

    Raises:
        BadInput: another watch has it open.
    """

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path, _keys)
        except BlockingIOError:
            raise BadInput(f"{path}: another watch of this family is running") from None
        self._begun = path.with_suffix(".begun.json")

    def has_seen(self, address: str, snapshot: str) -> bool:
        """Whether just this was read from just there; answers without reading a file."""
        return self.find(_place(address, snapshot)) is not None

    def with_content(self, content: str) -> ReadDeposit | None:
        """What was read with this content, wherever it lay."""
        line = self.find(content) if content else None
        return _entry(line) if line else None

    def begin(self, address: str, snapshot: str) -> int:
        """Note that a deposit is about to be read; how often that was begun and never ended.

        Whatever ended the process then, as too little memory, may lie in the deposit.
        """
        times = self._unfinished()
        place = _place(address, snapshot)
        begun = times.pop(place, 0)
        kept = dict(list(times.items())[-MOST_UNFINISHED:])
        write_json(self._begun, Unfinished(kept | {place: begun + 1}))
        return begun

    def end(self, address: str, snapshot: str) -> None:
        """Note that the reading of a deposit has ended, however."""
        times = self._unfinished()
        if times.pop(_place(address, snapshot), 0):
            write_json(self._begun, Unfinished(times))

    def _unfinished(self) -> dict[str, int]:
        try:
            return dict(read_json(self._begun, Unfinished).times)
        except BadInput:  # none yet, or damaged: what it counts is a precaution
            return {}

    def add(self, entry: ReadDeposit) -> None:
        """Write an entry and wait until it is on disk."""
        self.append(to_json(entry))


def _keys(line: bytes) -> tuple[str, ...]:
    entry = _entry(line)
    return (_place(entry.address, entry.snapshot), entry.content) if entry else ()


def _place(address: str, snapshot: str) -> str:
    return f"{snapshot} {address}"


def _entry(line: bytes) -> ReadDeposit | None:
    try:
        return from_json(line, ReadDeposit, "a deposit")
    except BadInput:
        return None
