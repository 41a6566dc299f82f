"""Several processes against one, a killed training against an unbroken one, and what both cost.

    matops train FAMILY --out RUN ... && python -m benchmarks.large_training RUN

It trains again what RUN trained, on the same samples: every member in one process, then in several
that share each batch, then in one that is killed at random moments. The members differ in their
seed alone, so that their spread is the noise of seeds. The errors are those on the test rows.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from safetensors.torch import load_file

from matops.adapters.storage.file_store import FileStore
from matops.artifacts.data.prepared import Prepared, read_prepared
from matops.artifacts.jsonfile import read_json
from matops.artifacts.model.model import WEIGHTS, read_model
from matops.core.data.target import SAMPLE_AXIS
from matops.entrypoints.configuration import family_config
from matops.entrypoints.learning.local_training import RunRequest
from matops.steps.learning.checkpoints import CheckpointPolicy, KeptCheckpoints, drop_checkpoints

TRAIN = """
import sys
from pathlib import Path
from matops.entrypoints.learning.workflow import train_model
family, preset, changes, prepared, out, init_from, processes = sys.argv[1:]
train_model(family, preset, changes, Path(prepared), Path(out), init_from, None, int(processes))
"""
UNTIL_BEGUN_S = 6.0
"""Time that a process needs to import everything; a kill before would stop nothing."""


@dataclass(frozen=True)
class Bench:
    """One run's request and samples, and where what is trained again and its checkpoints go."""

    run: Path
    asked: RunRequest
    prepared: Prepared
    scratch: Path
    place: FileStore

    def start(self, out: str, processes: int, every_s: float) -> subprocess.Popen[bytes]:
        """Start a training with checkpoints that often."""
        asked = self.asked
        places = str(self.run / "prepared"), str(self.scratch / out)
        words = [asked.family, asked.preset, asked.changes, *places, asked.init_from]
        settings = {
            "MATOPS_WORKERS": "1",
            "MATOPS_CHECKPOINTS": self.place.url,
            "MATOPS_S3_ENDPOINT": self.place.endpoint or "",
            "MATOPS_CHECKPOINT_EVERY_S": str(every_s),
        }
        return subprocess.Popen(
            [sys.executable, "-c", TRAIN, *words, str(processes)],
            env=os.environ | settings,
            stderr=subprocess.DEVNULL,
        )

    def timed(self, out: str, processes: int, every_s: float) -> float:
        """Train to the end; the time it took, in seconds."""
        began = time.perf_counter()
        if self.start(out, processes, every_s).wait():
            raise SystemExit(f"{out}: the training failed")
        return time.perf_counter() - began

    def answers(self, out: str) -> NDArray[np.float64]:
        """Every member's answers on the test rows, learning scale, (members, n, n_targets)."""
        ensemble, _ = read_model(self.scratch / out, self.prepared.family, self.prepared.config)
        features = self.prepared.features.take(self.prepared.rows("test"))
        return ensemble.predict(features)[SAMPLE_AXIS]

    def errors(self, out: str) -> NDArray[np.float64]:
        """Mean absolute error of every member on the test rows, (members, n_targets)."""
        truth = self.prepared.scaled_targets()[SAMPLE_AXIS][self.prepared.rows("test").numpy()]
        return np.asarray(np.abs(self.answers(out) - truth).mean(1))


def compare_processes(bench: Bench, processes: int) -> None:
    """Errors of one process and of several, beside the spread over seeds."""
    took = [bench.timed(f"p{n}", n, 60.0) for n in (1, processes)]
    one, several = bench.errors("p1"), bench.errors(f"p{processes}")
    print(f"one process: {took[0]:.0f} s; {processes} processes: {took[1]:.0f} s")
    for i, target in enumerate(bench.prepared.family.targets):
        print(
            f"{target.name}: error {one[:, i].mean():.5f} in one process, "
            f"{several[:, i].mean():.5f} in {processes}; spread over seeds "
            f"{one[:, i].std(ddof=1):.5f}; same seed, other number of processes: "
            f"{np.abs(one - several)[:, i].mean():.1g} on average, "
            f"{np.abs(one - several)[:, i].max():.1g} at most"
        )


def kill_and_resume(bench: Bench, kills: int, every_s: float) -> None:
    """Kill a training at random moments until it has ended, and compare it with p1."""
    draw, killed, began = random.Random(0), 0, time.perf_counter()
    while True:
        shutil.rmtree(bench.scratch / "killed", ignore_errors=True)
        training = bench.start("killed", 1, every_s)
        try:
            wait_s = UNTIL_BEGUN_S + draw.uniform(0, 10) if killed < kills else None
            training.wait(wait_s)
            break
        except subprocess.TimeoutExpired:
            training.kill()
            training.wait()
            killed += 1
    took = time.perf_counter() - began
    first, second = (load_file(bench.scratch / out / WEIGHTS) for out in ("p1", "killed"))
    same = all(torch.equal(first[name], second[name]) for name in first)
    change = np.abs(bench.errors("p1") - bench.errors("killed")).max()
    print(
        f"killed {killed} times, resumed from {bench.place.address}: weights "
        f"{'equal' if same else 'NOT equal'} to the last bit, errors differ by {change:g}; "
        f"{took:.0f} s in all"
    )


def cost_of_checkpoints(bench: Bench) -> None:
    """Time of an epoch with a checkpoint after each batch against one with none."""
    place = bench.place
    family, rows = bench.prepared.family, bench.prepared.rows("train")
    once = replace(bench.prepared.config.training, epochs=1, device="cpu")
    features = bench.prepared.features.take(rows)
    truth = torch.zeros(len(rows), len(family.targets))
    kept = KeptCheckpoints(CheckpointPolicy(place, 0.0), "cost", torch.device("cpu"))
    kept.latest()  # connects, once
    config, took = replace(bench.prepared.config, training=once), []
    for checkpoints in (None, None, kept):  # the first one warms up
        began = time.perf_counter()
        family.fit_member(features, truth, config, checkpoints=checkpoints)
        took.append(time.perf_counter() - began)
    sizes = [len(place.read(f"cost/{name}")) for name in place.names("cost")]
    saves = max(1, round(len(rows) / once.batch_size)) + 1
    drop_checkpoints(kept.policy, "cost")
    each_ms = 1e3 * (took[2] - took[1]) / saves
    print(f"a checkpoint of {max(sizes) / 1e6:.2f} MB in {place.address}: {each_ms:.1f} ms")


def main(
    run: Annotated[Path, typer.Argument(help="Directory that matops train wrote")],
    processes: Annotated[int, typer.Option(min=2)] = 2,
    kills: Annotated[int, typer.Option(min=0)] = 5,
    every_s: Annotated[float, typer.Option(min=0, help="Between checkpoints, s")] = 1.0,
    place: Annotated[
        str, typer.Option(help="Checkpoints, as s3://bucket; a directory if none")
    ] = "",
    endpoint: Annotated[str, typer.Option(help="URL of the S3 server")] = "",
) -> None:
    """Print what the module says."""
    asked = read_json(run / "request.json", RunRequest)
    family, config = family_config(asked.family, asked.preset, asked.changes)
    prepared = read_prepared(run / "prepared", family, config)
    with tempfile.TemporaryDirectory(prefix="matops-large-") as scratch:
        kept = FileStore(place or f"{scratch}/checkpoints", endpoint or None)
        bench = Bench(run, asked, prepared, Path(scratch), kept)
        rows = {part: len(prepared.rows(part)) for part in ("train", "test")}
        print(f"{asked.family}: {rows}, {config.training.members} seeds")
        cost_of_checkpoints(bench)
        compare_processes(bench, processes)
        kill_and_resume(bench, kills, every_s)


if __name__ == "__main__":
    typer.run(main)
