"""``matops ingest --watch``: once for pipelines, and as a process that SIGTERM ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.artifacts.data.dataset import part_paths

if TYPE_CHECKING:
    from tests.conftest import Matops

FAMILY = "elastic_cgcnn"
WATCH_S = 120.0
"""Longest wait for a process on a busy machine."""


def crystal(symbol: str, K: float = 138.0) -> dict[str, object]:
    edges = [[0.0, 1.8, 1.8], [1.8, 0.0, 1.8], [1.8, 1.8, 0.0]]
    cell = {"lattice": edges, "species": [symbol], "frac_coords": [[0, 0, 0]]}
    return {"id": symbol, "K_VRH": K, "G_VRH": 54.0, **cell}


def write(path: Path, *rows: dict[str, object]) -> None:
    path.write_text(json.dumps(rows))


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def test_once_takes_what_is_there_and_the_second_time_nothing(
    matops: Matops, drop: Path, tmp_path: Path
) -> None:
    write(drop / "a.json", crystal("Cu"), crystal("Au"))
    write(drop / "b.json", crystal("Ag"), crystal("Ni", K=-1.0))
    watch = ("ingest", FAMILY, "--watch", drop, "--once", "--interval", "0.1")
    done = matops(tmp_path / "w", *watch, "--json")
    batches = [json.loads(line) for line in done.out.splitlines()]
    assert [Path(batch["deposit"]).name for batch in batches] == ["a.json", "b.json"]
    assert [(batch["added"], len(batch["quarantined"])) for batch in batches] == [(2, 0), (1, 1)]
    assert done.status == 2
    assert "b.json: Ni: K_VRH = -1 GPa is not physical" in done.err
    again = matops(tmp_path / "w", *watch)
    assert (again.status, again.out, again.err) == (0, "", "")


def test_a_key_that_stands_twice_is_refused_and_the_other_files_are_taken(
    matops: Matops, drop: Path, tmp_path: Path
) -> None:
    twice = json.dumps([crystal("Cu")]).replace('"K_VRH": 138.0', '"K_VRH": 138.0, "K_VRH": 1.38')
    (drop / "twice.json").write_text(twice)
    (drop / "one.json").write_text(twice[1:-1])
    write(drop / "whole.json", crystal("Au"))
    watch = ("ingest", FAMILY, "--watch", drop, "--once", "--interval", "0.1")
    done = matops(tmp_path / "w", *watch, "--json")
    batches = [json.loads(line) for line in done.out.splitlines()]
    assert sum(batch["added"] for batch in batches) == 1
    for name in ("twice.json", "one.json"):
        (line,) = [line for line in done.err.splitlines() if f"{drop / name}: the key" in line]
        assert "the key 'K_VRH' stands twice in one object" in line


def test_source_and_watch_are_one_or_the_other(matops: Matops, drop: Path, tmp_path: Path) -> None:
    for extra in ((), ("--source", drop, "--watch", drop)):
        done = matops(tmp_path / "w", "ingest", FAMILY, *extra)
        assert done.status == 2
        assert done.err.strip() == "matops: name either a --source or a place to --watch"


def test_a_place_that_can_not_be_is_one_line(matops: Matops, tmp_path: Path) -> None:
    for where in (str(tmp_path / "nowhere"), "s3://"):
        done = matops(tmp_path / "w", "ingest", FAMILY, "--watch", where, "--once")
        assert done.status == 2
        assert len(done.err.splitlines()) == 1
        assert where in done.err


@pytest.mark.slow
def test_a_watch_goes_on_until_it_is_terminated(drop: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    command = [sys.executable, "-m", "matops", "ingest", FAMILY, "--watch", str(drop)]
    process = subprocess.Popen(
        [*command, "--interval", "0.2"],
        env={**os.environ, "MATOPS_WORKSPACE": str(workspace)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for count, symbol in enumerate(("Cu", "Au"), start=1):
            write(drop / f"{symbol}.json", crystal(symbol))
            wait_for_parts(workspace, count, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=WATCH_S)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.count("1 added, 0 known already, 0 refused") == 2
    assert "Traceback" not in err


def wait_for_parts(workspace: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until the ledger has the deposit: the batch is then whole."""
    ledger, end = workspace / ".matops/watched" / f"{FAMILY}.jsonl", time.monotonic() + WATCH_S
    while not ledger.is_file() or len(ledger.read_bytes().splitlines()) < count:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    assert len(part_paths(workspace / "data" / FAMILY)) == count
