"""Campaigns lose nothing and repeat nothing, whatever happens to their processes."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.simulators.campaign import run_campaign
from matops.simulators.ledger import (
    RESULTS_FILE,
    CampaignRunningError,
    Ledger,
    ledger_directory,
    read_records,
    task_key,
)
from tests.support.places import REPOSITORY

HERE = REPOSITORY / "tests" / "support"

KILLED_CAMPAIGN = """
import sys
from pathlib import Path
from campaign_probes import note_and_square
from matops.simulators.campaign import run_campaign

work_dir = Path(sys.argv[1])
tasks = [{"number": n, "log": str(work_dir / "log"), "seconds": 0.1} for n in range(40)]
run_campaign(tasks, note_and_square, work_dir, workers=2)
"""


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stand-in simulations, importable in worker processes too."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("campaign_probes")


def squares(work_dir: Path, count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"number": n, "log": str(work_dir / "log"), **more} for n in range(count)]


def logged(work_dir: Path) -> list[int]:
    return [int(line) for line in (work_dir / "log").read_text().split()]


def test_records_come_in_the_order_of_the_tasks(tmp_path: Path, probes: ModuleType) -> None:
    seen: list[tuple[int, int]] = []
    records = run_campaign(
        squares(tmp_path, 8),
        probes.note_and_square,
        tmp_path,
        workers=2,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [record.result and record.result["square"] for record in records] == [
        n**2 for n in range(8)
    ]
    assert seen == [(done, 8) for done in range(9)]
    assert len({record.result["pid"] for record in records if record.result}) == 2


def test_second_run_simulates_only_what_is_new(tmp_path: Path, probes: ModuleType) -> None:
    first = run_campaign(squares(tmp_path, 3), probes.note_and_square, tmp_path)
    both = run_campaign(squares(tmp_path, 5), probes.note_and_square, tmp_path)
    assert both[:3] == first
    assert logged(tmp_path) == [0, 1, 2, 3, 4]


def test_repeated_task_runs_once(tmp_path: Path, probes: ModuleType) -> None:
    assert len(run_campaign(squares(tmp_path, 1) * 3, probes.note_and_square, tmp_path)) == 1
    assert logged(tmp_path) == [0]


def test_failures_cost_only_their_own_task(tmp_path: Path, probes: ModuleType) -> None:
    conducts = ["well", "crash", "well", "raise", "crash", "nan", "well", "well"]
    tasks = [{"number": n, "conduct": conduct} for n, conduct in enumerate(conducts)]
    records = run_campaign(tasks, probes.misbehave, tmp_path, workers=2)
    failures = [record.failure for record in records]
    assert [failure is None for failure in failures] == [c == "well" for c in conducts]
    assert failures[1] == failures[4] == "the worker process died"
    assert failures[3] == "ArithmeticError: no convergence"
    assert str(failures[5]).startswith("ValueError")
    assert records[7].result == {"threads": "1", "number": 7}
    assert run_campaign(tasks, probes.misbehave, tmp_path) == records


def test_killed_campaign_resumes_where_it_stopped(tmp_path: Path, probes: ModuleType) -> None:
    start_campaign_and_kill_it(tmp_path, records_before_kill=5)
    before = read_records(tmp_path)
    assert 5 <= len(before) < 40
    run_before = logged(tmp_path)
    with (tmp_path / RESULTS_FILE).open("a") as file:
        file.write('{"key": "torn')

    tasks = squares(tmp_path, 40, seconds=0.1)
    records = run_campaign(tasks, probes.note_and_square, tmp_path, workers=2)

    assert [record.result and record.result["square"] for record in records] == [
        n**2 for n in range(40)
    ]
    assert {record.key: record for record in records if record.key in before} == before
    run_after = logged(tmp_path)[len(run_before) :]
    assert len(run_after) == 40 - len(before)


def start_campaign_and_kill_it(work_dir: Path, records_before_kill: int) -> None:
    """Kill a campaign outright once it has some records, and see its workers go."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_CAMPAIGN, str(work_dir)], env=environment
    )
    deadline = time.monotonic() + 20
    while len(read_records(work_dir)) < records_before_kill and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until_gone({r.result["pid"] for r in read_records(work_dir).values() if r.result})


def wait_until_gone(pids: set[int]) -> None:
    """Workers must not outlive a parent that was killed."""
    deadline = time.monotonic() + 5
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its campaign"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_two_campaigns_cannot_share_a_folder(tmp_path: Path, probes: ModuleType) -> None:
    with (
        closing(Ledger(tmp_path)),
        pytest.raises(CampaignRunningError, match="another campaign is running"),
    ):
        run_campaign(squares(tmp_path, 1), probes.note_and_square, tmp_path)


def run_shards(work_dir: Path, probes: ModuleType, count: int, shards: int) -> None:
    for shard in (Shard(index, shards) for index in range(shards)):
        tasks = shard.of(squares(work_dir, count))
        run_campaign(tasks, probes.note_and_square, work_dir, shard=shard)


def test_shards_keep_files_of_their_own_and_the_whole_finds_them(
    tmp_path: Path, probes: ModuleType
) -> None:
    run_shards(tmp_path, probes, 7, 3)
    kept = [read_records(ledger_directory(tmp_path, Shard(index, 3))) for index in range(3)]
    assert [len(records) for records in kept] == [3, 2, 2]
    assert read_records(tmp_path) == {}
    records = run_campaign(squares(tmp_path, 7), probes.note_and_square, tmp_path)
    assert [record.result and record.result["square"] for record in records] == [
        n**2 for n in range(7)
    ]
    assert sorted(logged(tmp_path)) == list(range(7))


def test_what_was_simulated_is_not_again_in_other_shards(
    tmp_path: Path, probes: ModuleType
) -> None:
    run_campaign(squares(tmp_path, 3), probes.note_and_square, tmp_path)
    run_shards(tmp_path, probes, 6, 2)
    run_shards(tmp_path, probes, 8, 3)
    assert sorted(logged(tmp_path)) == list(range(8))


def test_a_shard_runs_once_at_a_time_beside_the_others(tmp_path: Path, probes: ModuleType) -> None:
    task, first, second = squares(tmp_path, 1), Shard(0, 2), Shard(1, 2)
    with closing(Ledger(ledger_directory(tmp_path, first))):
        run_campaign(task, probes.note_and_square, tmp_path, shard=second)
        with pytest.raises(CampaignRunningError):
            run_campaign(task, probes.note_and_square, tmp_path, shard=first)


def test_a_second_campaign_is_refused_as_a_user_s_mistake() -> None:
    assert issubclass(CampaignRunningError, BadInput)


def test_key_depends_on_content_not_on_order(probes: ModuleType) -> None:
    key = task_key(probes.misbehave, {"a": 1, "b": [2.5]})
    assert key == task_key(probes.misbehave, {"b": [2.5], "a": 1})
    assert key != task_key(probes.misbehave, {"a": 1, "b": [2.6]})
    assert key != task_key(probes.note_and_square, {"a": 1, "b": [2.5]})


def test_no_workers_is_an_error(tmp_path: Path, probes: ModuleType) -> None:
    with pytest.raises(ValueError, match="worker"):
        run_campaign([], probes.misbehave, tmp_path, workers=0)
