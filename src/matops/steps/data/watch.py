"""Watch a drop place: ingest each deposit once, when it is complete, and live on.

A deposit is complete when two looks, an interval apart, find the same files with the same stamps.
Looking again serves folders on network file systems and buckets alike; neither reports changes.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

from matops.artifacts.data.quarantine import add_to_quarantine
from matops.artifacts.data.read_deposits import DepositLedger, ReadDeposit
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family, Incoming
from matops.steps.data.deposits import Deposit, DepositSource
from matops.steps.data.ingest import IngestReport, NothingUsable, ingest
from matops.steps.ports import DatasetStore


@dataclass(frozen=True)
class Batch:
    """One deposit that was ingested."""

    address: str
    report: IngestReport


@dataclass(frozen=True)
class Begun:
    """One deposit that is about to be read."""

    address: str
    times: int  # how often its reading ended the process before


Tell = Callable[[Begun | Batch | BadInput], None]
"""Hears of each deposit and batch, and of each trouble that the watch outlives."""

MOST_DEATHS = 3
"""Times that a deposit may end the process before it is set aside."""


@dataclass(frozen=True)
class Watch:
    """All that taking a deposit needs."""

    family: Family
    source: DepositSource  # where deposits come
    ledger: DepositLedger  # what was read before
    store: DatasetStore
    quarantine: Path  # file of refused records
    scratch: Path  # directory for a copy of the deposit that is read; nobody else's
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
                batch = self._take(deposit, tell)
            except BadInput as trouble:  # the next look tries again; the others don't wait for it
                tell(trouble)
            else:
                if batch:
                    tell(batch)
        return now

    def _take(self, deposit: Deposit, tell: Tell) -> Batch | None:
        """Ingest a deposit; None if its content was read before."""
        address, snapshot = self.source.address(deposit.name), deposit.snapshot
        try:
            deaths = self.ledger.begin(address, snapshot)
            tell(Begun(address, deaths))
            batch = self._set_aside(deposit) if deaths >= MOST_DEATHS else self._ingest(deposit)
            self.ledger.end(address, snapshot)
            return batch
        except Exception as error:
            self.ledger.end(address, snapshot)
            if isinstance(error, OSError):
                raise BadInput(f"{address}: {error.strerror or error}") from None
            raise

    def _ingest(self, deposit: Deposit) -> Batch | None:
        with self._fetched(deposit) as root:
            content = deposit.content(root) if deposit.files else ""
            earlier = self.ledger.with_content(content)
            if earlier and not deposit.refused:
                place = self.source.address(deposit.name)
                self.ledger.add(replace(earlier, address=place, snapshot=deposit.snapshot))
                return None
            return self._batch(deposit, content, self._read(deposit, root))

    def _set_aside(self, deposit: Deposit) -> Batch:
        reason = (
            f"set aside: reading it ended the process {MOST_DEATHS} times, as too little memory "
            "does; put it into smaller files, or touch it to have it read again"
        )
        refused = Quarantined(self.source.address(deposit.name), reason)
        return self._batch(deposit, "", iter([refused]))

    def _batch(self, deposit: Deposit, content: str, items: Incoming) -> Batch:
        """Ingest what was read of a deposit, and note that it was."""
        set_aside = partial(add_to_quarantine, self.quarantine)
        try:
            report = ingest(self.family, items, self.store, set_aside)
        except NothingUsable as nothing:
            report = nothing.report
        address = self.source.address(deposit.name)
        counts = (report.version, report.added, report.repeated, report.refused)
        self.ledger.add(ReadDeposit(address, deposit.snapshot, content, *counts, _today()))
        return Batch(address, report)

    @contextmanager
    def _fetched(self, deposit: Deposit) -> Iterator[Path]:
        """A copy of the deposit; what a kill left of another one goes first."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        try:
            self.source.fetch(deposit, self.scratch)
            yield self.scratch
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _read(self, deposit: Deposit, root: Path) -> Incoming:
        """What the family reads, with places as people call them instead of those on disk."""
        for name, reason in deposit.refused.items():
            yield Quarantined(self.source.address(name), reason)
        if not deposit.files:
            return
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


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _moved(item: Record | Quarantined, path: str, address: str) -> Record | Quarantined:
    if isinstance(item, Quarantined):
        return Quarantined(item.origin.replace(path, address), item.reason.replace(path, address))
    origin = item.provenance.origin.replace(path, address)
    return replace(item, provenance=replace(item.provenance, origin=origin))
