"""The ledger of a watch: which deposits were read, so that none is read twice."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput


@dataclass(frozen=True)
class ReadDeposit:
    """A deposit that was read, with what came of it.

    Attributes:
        address: where it lay.
        snapshot: its files' names and stamps, hashed.
        content: its files' bytes, hashed.
        version: dataset version afterwards; empty if it held nothing usable.
        added: records that were new.
        repeated: records that the data had already.
        refused: records that were quarantined.
        date: when, ISO.
    """

    address: str
    snapshot: str
    content: str
    version: str
    added: int
    repeated: int
    refused: int
    date: str


class DepositLedger:
    """JSON lines, one a deposit; keeps a second watch out until it is closed."""

    def __init__(self, path: Path) -> None:
        """Open the file and cut off what a kill left unfinished.

        Raises:
            BadInput: another watch has it open.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise BadInput(f"{path}: another watch of this family is running") from None
        self._file.seek(0)
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))
        found = [from_json(line, ReadDeposit, str(path)) for line in whole.splitlines()]
        self._snapshots = {(entry.address, entry.snapshot) for entry in found}
        self._by_content = {entry.content: entry for entry in found}

    def close(self) -> None:
        """Close the file, so that another watch may open it."""
        self._file.close()

    def has_seen(self, address: str, snapshot: str) -> bool:
        """Whether just this was read from just there; answers without reading a file."""
        return (address, snapshot) in self._snapshots

    def with_content(self, content: str) -> ReadDeposit | None:
        """What was read with this content, wherever it lay."""
        return self._by_content.get(content)

    def add(self, entry: ReadDeposit) -> None:
        """Write an entry and wait until it is on disk."""
        self._file.write(to_json(entry) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._snapshots.add((entry.address, entry.snapshot))
        self._by_content.setdefault(entry.content, entry)
