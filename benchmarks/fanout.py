"""What fanning out costs: a campaign in one piece, in one shard, and in several at once.

    python -m benchmarks.fanout [--count 400] [--shards 2]

Each way starts in an empty workspace with one process a shard; the versions of the data must be
the same. Processor time is what fanning out costs on any machine, a busy one too.
"""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

FAMILY = "elastic_cgcnn"


@dataclass(frozen=True)
class Timed:
    """Seconds that a command took, those of its processors, and the data version it printed."""

    seconds: float
    processor_s: float
    version: str


def processor_s() -> float:
    """Processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(workspace: Path, *command: str) -> Timed:
    """Run a command in a workspace."""
    environment = os.environ | {"MATOPS_WORKSPACE": str(workspace), "MATOPS_WORKERS": "1"}
    arguments = [sys.executable, "-m", "matops", *command, "--preset", "demo", "--json"]
    start, before_s = time.perf_counter(), processor_s()
    done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True)
    seconds, used_s = time.perf_counter() - start, processor_s() - before_s
    return Timed(seconds, used_s, json.loads(done.stdout)["version"])


def main(
    count: Annotated[int, typer.Option(help="Alloys to simulate")] = 400,
    shards: Annotated[int, typer.Option(help="Shards; kfp runs two at once on one machine")] = 2,
) -> None:
    """Print seconds and ratios, and fail if the data differ."""
    wanted = ("--set", f"simulation.count={count}")
    run = ("run", "simulate", "-f", FAMILY, *wanted, "--param")
    ways = {
        "matops ingest, one process": ("ingest", FAMILY, "--source", "simulation", *wanted),
        "matops run simulate, 1 shard": (*run, "shards=1"),
        f"matops run simulate, {shards} shards": (*run, f"shards={shards}"),
    }
    found = {}
    for name, command in ways.items():
        with TemporaryDirectory() as root:
            found[name] = timed(Path(root), *command)
    whole = next(iter(found.values()))
    for name, way in found.items():
        words = f"{way.seconds:7.1f} s {whole.seconds / way.seconds:5.2f} x as fast"
        print(f"{name:32} {words}, {way.processor_s:6.1f} s of processors, data {way.version[:8]}")
    if len({way.version for way in found.values()}) > 1:
        raise SystemExit("the data differ")


if __name__ == "__main__":
    typer.run(main)
