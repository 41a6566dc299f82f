"""Simulations in shards: the same data as in one piece, and nothing twice after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from matops.simulators.ledger import read_campaign
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Matops
    from tests.pipelines.conftest import Compiled

FAMILY, COUNT = "elastic_cgcnn", 12
SMALL = ("--preset", "demo", "--set", f"simulation.count={COUNT}")
RUN = ("run", "simulate", "-f", FAMILY, *SMALL, "--json")


@pytest.fixture(scope="module")
def whole(matops: Matops, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Version of the data that the campaign gives in one piece."""
    workspace = tmp_path_factory.mktemp("whole")
    done = matops(workspace, "ingest", FAMILY, "--source", "simulation", *SMALL, "--json")
    assert done.status == 0, done
    version: str = json.loads(done.out)["version"]
    return version


def lines_of_shards(workspace: Path) -> list[int]:
    """Results that each shard has written, repeats included."""
    shards = (workspace / ".matops/campaigns" / FAMILY / "shards").glob("*/results.jsonl")
    return [len(path.read_text().splitlines()) for path in sorted(shards)]


def test_shards_run_side_by_side_and_one_ingestion_follows(compiled: dict[str, Compiled]) -> None:
    tasks = compiled["simulate"].spec["root"]["dag"]["tasks"]
    (loop,) = (task for task in tasks.values() if "parameterIterator" in task)
    assert loop["iteratorPolicy"]["parallelismLimit"] > 1
    assert loop["dependentTasks"] == ["number-shards"]
    assert tasks["gather-shards"]["dependentTasks"] == [
        name for name, task in tasks.items() if task is loop
    ]
    assert tasks["ingest"]["dependentTasks"] == ["gather-shards"]
    assert not any("enableCache" in task.get("cachingOptions", {}) for task in tasks.values())


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_shards_give_the_same_version_as_one_piece(
    matops: Matops, whole: str, tmp_path: Path
) -> None:
    done = matops(tmp_path, *RUN, "--param", "shards=3")
    assert done.status == 0, done
    assert json.loads(done.out) == {"family": FAMILY, "version": whole}
    assert lines_of_shards(tmp_path) == [4, 4, 4]
    again = matops(tmp_path, *RUN, "--param", "shards=2")
    assert json.loads(again.out)["version"] == whole
    assert sum(lines_of_shards(tmp_path)) == COUNT


def shard_process(run: psutil.Process) -> psutil.Process | None:
    """The process of a shard that has results and is not done."""
    for child in run.children(recursive=True):
        try:
            if "simulate_shard" in child.cmdline():
                return child
        except psutil.Error:
            continue
    return None


@pytest.mark.slow
def test_a_shard_that_is_killed_goes_on_and_repeats_nothing(whole: str, tmp_path: Path) -> None:
    variables = {"MATOPS_WORKSPACE": str(tmp_path), "MATOPS_PROJECT": str(REPOSITORY)}
    command = [sys.executable, "-m", "matops", *RUN, "--param", "shards=1"]
    with (tmp_path / "out").open("w") as out:
        run = subprocess.Popen(command, env=os.environ | variables, stdout=out, stderr=out)
        results = tmp_path / ".matops/campaigns" / FAMILY / "results.jsonl"
        end = time.monotonic() + 120
        while not results.is_file() or len(results.read_text().splitlines()) < 2:
            assert time.monotonic() < end
            assert run.poll() is None
            time.sleep(0.01)
        shard = shard_process(psutil.Process(run.pid))
        assert shard is not None
        shard.send_signal(signal.SIGKILL)
        kept = read_campaign(results.parent)
        assert run.wait(timeout=180) == 2, (tmp_path / "out").read_text()
        again = subprocess.run(command, env=os.environ | variables, stdout=out, stderr=out)
        assert again.returncode == 0, (tmp_path / "out").read_text()
    assert 2 <= len(kept) < COUNT
    assert len(results.read_text().splitlines()) == COUNT
    assert kept.items() <= read_campaign(results.parent).items()
    assert whole in (tmp_path / "out").read_text()


@pytest.mark.usefixtures("compiled_already")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--param", "shards=0"), "one or more shards, not into 0"),
        (("--param", "shards=many"), "'shards' is a whole number, not 'many'"),
        (("--param", "shard=2"), "no parameter 'shard'; it has: "),
        (("--source", "simulation"), "no parameter 'source'; it has: "),
        (("--set", "simulation.cout=3"), "no field 'simulation.cout'"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    matops: Matops, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    done = matops(tmp_path, "run", "simulate", "-f", FAMILY, *options)
    assert done.status == 2
    assert words in done.err.splitlines()[-1]
    assert done.err.splitlines()[-1].startswith("matops: ")
    assert not (tmp_path / ".matops/campaigns").exists()
