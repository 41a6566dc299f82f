"""Watch a drop place: ingest each deposit once, when it is complete, and live on.

A deposit is complete when two looks, an interval apart, find the same files with the same stamps.
Looking again serves folders on network file systems and buckets alike; neither reports changes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from matops.artifacts.data.quarantine import add_to_quarantine
from matops.artifacts.data.read_deposits import DepositLedger, ReadDeposit
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.data.deposits import Deposit, DepositSource
from matops.steps.data.ingest import IngestReport, ingest
from matops.steps.ports import DatasetStore


@dataclass(frozen=True)
class Batch:
    """One deposit that was ingested."""

    address: str
    report: IngestReport


Tell = Callable[[Batch | BadInput], None]
"""Hears of each batch, and of each trouble that the watch outlives."""


@dataclass(frozen=True)
class Watch:
    """All that taking a deposit needs."""

    family: Family
    source: DepositSource  # where deposits come
    ledger: DepositLedger  # what was read before
    store: DatasetStore
    quarantine: Path  # file of refused records
    stated: Provenance  # engine, method and licence that hold for all records; a date, or today's

    def run_once(self, interval_s: float, stop: Event, tell: Tell) -> None:
        """Take what is there and complete; costs one look if there is nothing new.

        Raises:
            BadInput: the place can't be looked into.
        """
        before = {deposit.name: deposit.snapshot for deposit in self._unread()}
        if before and not stop.wait(interval_s):
            self._take_settled(before, stop, tell)

    def run(self, interval_s: float, stop: Event, tell: Tell) -> None:
        """Take deposits as they come, until ``stop`` is set; troubles are told and tried again."""
        before: dict[str, str] = {}
        while not stop.is_set():
            try:
                before = self._take_settled(before, stop, tell)
            except BadInput as trouble:
                tell(trouble)
            stop.wait(interval_s)

    def _unread(self) -> Iterator[Deposit]:
        for deposit in self.source.look():
            if not self.ledger.has_seen(self.source.address(deposit.name), deposit.snapshot):
                yield deposit

    def _take_settled(self, before: dict[str, str], stop: Event, tell: Tell) -> dict[str, str]:
        """Take what has not changed since the look before; returns what is there now."""
        now = {}
        for deposit in self._unread():
            now[deposit.name] = deposit.snapshot
            if before.get(deposit.name) != deposit.snapshot or stop.is_set():
                continue
            try:
                batch = self._take(deposit)
            except BadInput as trouble:  # the next look tries again; the others don't wait for it
                tell(trouble)
            else:
                if batch:
                    tell(batch)
        return now

    def _take(self, deposit: Deposit) -> Batch | None:
        """Ingest a deposit; None if it was read before, or changed while it was read."""
        address = self.source.address(deposit.name)
        with self.source.fetched(deposit) as root:
            content = deposit.content(root)
            earlier = self.ledger.with_content(content)
            items = [] if earlier else list(self._read(deposit, root))
            if not self.source.unchanged(deposit):
                return None
        if earlier:
            self.ledger.add(replace(earlier, address=address, snapshot=deposit.snapshot))
            return None
        report = self._ingest(items)
        counts = (report.version, report.added, report.repeated, len(report.quarantined))
        self.ledger.add(ReadDeposit(address, deposit.snapshot, content, *counts, _today()))
        return Batch(address, report)

    def _read(self, deposit: Deposit, root: Path) -> Iterator[Record | Quarantined]:
        """What the family reads, with places as people call them instead of those on disk."""
        address, path = self.source.address(deposit.name), root / deposit.name
        dated = replace(self.stated, date=self.stated.date or _today())
        try:
            for item in self.family.read(path, dated):
                yield _moved(item, str(path), address)
        except BadInput as error:
            reason = str(error).replace(str(path), address).removeprefix(f"{address}: ")
            yield Quarantined(address, reason)
        except Exception as error:  # no file may end the watch, whatever a reader makes of it
            reason = f"can't be read: {type(error).__name__}: {error}"
            yield Quarantined(address, " ".join(reason.split()))

    def _ingest(self, items: list[Record | Quarantined]) -> IngestReport:
        refused = tuple(item for item in items if isinstance(item, Quarantined))
        add_to_quarantine(self.quarantine, refused)
        if len(refused) == len(items):
            return IngestReport(self.family.name, "", 0, 0, refused)
        return ingest(self.family, items, self.store)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _moved(item: Record | Quarantined, path: str, address: str) -> Record | Quarantined:
    if isinstance(item, Quarantined):
        return Quarantined(item.origin.replace(path, address), item.reason.replace(path, address))
    origin = item.provenance.origin.replace(path, address)
    return replace(item, provenance=replace(item.provenance, origin=origin))
