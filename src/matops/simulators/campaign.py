"""Campaigns: many independent simulations, in parallel, that survive being killed.

Every finished simulation is one line of ``results.jsonl`` in the working folder. The file only
grows; started again, a campaign reads it and runs what is missing. Shards of a campaign run at the
same time, on other machines too: each has a file of its own, and all files are read.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from matops.core.data.record import Provenance, Record, or_quarantined
from matops.core.data.shard import WHOLE, Shard
from matops.core.data.sources import Incoming
from matops.core.errors import BadInput
from matops.processes.worker_process import finished_calls
from matops.simulators.ledger import Ledger, TaskRecord, ledger_directory, read_campaign, task_key

Task = Mapping[str, Any]
Simulate = Callable[[Task], Mapping[str, Any]]
Progress = Callable[[int, int], None]
Label = Callable[[Mapping[str, Any], Provenance], Record]
"""Makes a record of an accepted result; raises BadInput where it is not physical."""


def run_campaign(
    tasks: Iterable[Task],
    simulate: Simulate,
    work_dir: Path,
    workers: int = 1,
    progress: Progress | None = None,
    shard: Shard = WHOLE,
) -> list[TaskRecord]:
    """Run every task that has no record yet, and return one record per distinct task, in order.

    A task whose simulation raises, or kills its worker, is recorded as failed with the reason and
    costs no other task. Failed tasks are not run again by themselves.

    Args:
        tasks: what to simulate, each a mapping that JSON can hold; repeated tasks run once.
        simulate: a picklable function from a task to a mapping that JSON can hold.
        work_dir: made if missing.
        workers: processes.
        progress: called with (done, total) at the start and after every task.
        shard: whose tasks these are.

    Raises:
        ValueError: if there is not at least one worker.
        CampaignRunningError: if this shard of a campaign is running in the folder already.
    """
    if workers < 1:
        raise ValueError(f"a campaign needs at least one worker, not {workers}")
    by_key = {task_key(simulate, task): task for task in tasks}
    report = progress or (lambda done, total: None)
    with closing(Ledger(ledger_directory(work_dir, shard))) as ledger:
        records = {key: old for key, old in read_campaign(work_dir).items() if key in by_key}
        missing = [(key, task) for key, task in by_key.items() if key not in records]
        report(len(records), len(by_key))
        for record in _simulate_all(missing, simulate, workers):
            ledger.add(record)
            records[record.key] = record
            report(len(records), len(by_key))
    return [records[key] for key in by_key]


def _simulate_all(
    keyed_tasks: list[tuple[str, Task]], simulate: Simulate, workers: int
) -> Iterator[TaskRecord]:
    """Yield the record of each task as it finishes; every worker holds one task at a time."""
    calls = ((simulate, key, task) for key, task in keyed_tasks)
    for (_, key, _), future in finished_calls(_simulate_to_json, calls, workers):
        yield _record_of(key, future)


def _simulate_to_json(simulate: Simulate, key: str, task: Task) -> str:
    """In the worker, so that a result that JSON can't hold fails its own task, no other."""
    return json.dumps(simulate(task), allow_nan=False)


def _record_of(key: str, future: Future[str]) -> TaskRecord:
    error = future.exception()
    if error is None:
        return TaskRecord(key=key, result=json.loads(future.result()), failure=None)
    if isinstance(error, BrokenProcessPool):
        return TaskRecord(key=key, result=None, failure="the worker process died")
    return TaskRecord(key=key, result=None, failure=f"{type(error).__name__}: {error}")


def label_by_campaign(
    samples: Sequence[tuple[str, Task, Label]],
    simulate: Simulate,
    stated: Provenance,
    work_dir: Path,
    workers: int,
    progress: Progress,
    shard: Shard = WHOLE,
) -> Incoming:
    """A record or a refusal for each sample, in their order; a repeated one is simulated once.

    A sample is its name, its task and what labels it; see :func:`run_campaign` for the rest.
    """
    tasks = [task for _, task, _ in samples]
    records = run_campaign(tasks, simulate, work_dir, workers, progress, shard)
    by_key = {record.key: record for record in records}
    stated = replace(stated, date=datetime.now(UTC).date().isoformat())
    for name, task, label in samples:
        outcome = by_key[task_key(simulate, task)]
        yield or_quarantined(name, partial(_record, outcome, label, replace(stated, origin=name)))


def _record(outcome: TaskRecord, label: Label, provenance: Provenance) -> Record:
    result = outcome.result
    if result is None:
        raise BadInput(f"simulation failed: {outcome.failure}")
    if not result["accepted"]:
        raise BadInput(f"{result['reason']}: {result['detail']}")
    return label(result, provenance)
