"""The ledger of a watch: which deposits were read, so that none is read twice."""

from dataclasses import dataclass
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.processes.append_only import AppendOnlyFile


@dataclass(frozen=True)
class ReadDeposit:
    """A deposit that was read, with what came of it."""

    address: str
    snapshot: str  # its files' names and stamps, hashed
    content: str  # its files' bytes, hashed
    version: str  # dataset version afterwards; empty if it held nothing usable
    added: int  # records that were new
    repeated: int  # records that the data had already
    refused: int  # records that were quarantined
    date: str  # when, ISO


class DepositLedger(AppendOnlyFile):
    """JSON lines, one a deposit; while it is open it keeps a second watch out.

    Raises:
        BadInput: another watch has it open.
    """

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path)
        except BlockingIOError:
            raise BadInput(f"{path}: another watch of this family is running") from None
        entries = [from_json(line, ReadDeposit, str(path)) for line in self.lines]
        self._snapshots = {(entry.address, entry.snapshot) for entry in entries}
        self._by_content = {entry.content: entry for entry in entries}

    def has_seen(self, address: str, snapshot: str) -> bool:
        """Whether just this was read from just there; answers without reading a file."""
        return (address, snapshot) in self._snapshots

    def with_content(self, content: str) -> ReadDeposit | None:
        """What was read with this content, wherever it lay."""
        return self._by_content.get(content)

    def add(self, entry: ReadDeposit) -> None:
        """Write an entry and wait until it is on disk."""
        self.append(to_json(entry))
        self._snapshots.add((entry.address, entry.snapshot))
        self._by_content.setdefault(entry.content, entry)
