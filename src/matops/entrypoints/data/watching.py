"""A watch of the workspace's data, from the command line or in a pod."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event

from matops.artifacts.data.read_deposits import DepositLedger
from matops.core.data.record import Provenance
from matops.core.family import Family
from matops.entrypoints.data.ingestion import quarantine_file
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import dataset_store, deposit_source
from matops.steps.data.watch import Tell, Watch


def watch_into_workspace(
    family: Family, where: str, stated: Provenance, interval_s: float, once: bool, tell: Tell
) -> None:
    """Ingest what comes to a directory or bucket, until SIGTERM or SIGINT, or once.

    Raises:
        BadInput: another watch of the family is running; once: the place can't be looked into.
    """
    settings = read_settings()
    source, kept = deposit_source(settings, where), settings.kept / "watched"
    with (
        closing(DepositLedger(kept / f"{family.name}.jsonl")) as ledger,
        _stopped() as stop,
    ):
        watch = Watch(
            family,
            source,
            ledger,
            dataset_store(settings),
            quarantine_file(family),
            kept / f"{family.name}.copy",
            stated,
        )
        (watch.run_once if once else watch.run)(interval_s, stop, tell)


@contextmanager
def _stopped() -> Iterator[Event]:
    """Set by SIGTERM or SIGINT, so that a batch that was begun is finished."""
    stop = Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
