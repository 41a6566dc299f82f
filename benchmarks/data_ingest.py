"""Ingest and transfer of versioned data: does the old data cost anything, and what is lost to DVC.

    python -m benchmarks.data_ingest [--rows 1000 --rows 100000 --rows 1000000] [--server minio]

The first table is the time to ingest 1,000 new rows into datasets of different sizes, each against
the smallest. The second is the throughput of pushing and of pulling a part, against a plain
copy of the same file to the same place: a directory, and the S3 server that is named.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import copyfile, rmtree
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from uuid import uuid4

import numpy as np
import typer

from devtools.object_store import BUCKET, ObjectStore, running_store
from matops.adapters.data.dvc_store import DvcStore
from matops.adapters.data.dvc_workspace import RemoteSettings, open_objects
from matops.artifacts.data.dataset import write_part
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.family import Family
from matops.families import get_family
from matops.steps.data.ingest import ingest

FAMILY = "elastic_cgcnn"
NEW_ROWS, REPEATS = 1_000, 3
MEGABYTE = 1e6


def make_rows(number: int, seed: int, payload_bytes: int = 200) -> list[Record]:
    """Rows with ids and payloads that nothing compresses; no crystal is meant by them."""
    chance = np.random.default_rng(seed)
    return [
        Record(
            id=chance.bytes(10).hex(),
            group=f"group {row % 997}",
            payload={"crystal": chance.bytes(payload_bytes // 2).hex()},
            targets={"K_VRH": 100.0, "G_VRH": 50.0},
            provenance=Provenance("benchmark", f"benchmark: row {row}"),
        )
        for row in range(number)
    ]


@dataclass(frozen=True)
class Place:
    """Where data is pushed to, and a plain copy to the same place."""

    name: str
    remote: RemoteSettings
    put: Callable[[Path], object]
    get: Callable[[Path], object]


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def unkept(refused: Sequence[Quarantined]) -> None:
    """Nothing of these rows is refused."""


def ingest_times(family: Family, root: Path, sizes: list[int]) -> dict[int, float]:
    """Seconds to ingest new rows, by size of the dataset; the median of several ingests."""
    found = {}
    for size in sizes:
        store = DvcStore(root / str(size))
        ingest(family, make_rows(size, size), store, unkept)
        ingest(
            family, make_rows(NEW_ROWS, size + 1), store, unkept
        )  # what was just read is indexed now
        batches = [make_rows(NEW_ROWS, size + 2 + repeat) for repeat in range(REPEATS)]
        new = [partial(ingest, family, batch, store, unkept) for batch in batches]
        found[size] = median(map(seconds, new))
        rmtree(root / str(size))
    return found


def directory_place(root: Path) -> Place:
    """A directory on the same disk."""
    copied = root / "copied"
    return Place(
        "directory",
        RemoteSettings(str(root / "remote")),
        lambda part: copyfile(part, copied),
        lambda target: copyfile(copied, target),
    )


def server_place(server: ObjectStore) -> Place:
    """A bucket, with MinIO's own client for the plain copy."""
    client: Any = server.client()
    name = uuid4().hex
    return Place(
        server.kind.program,
        RemoteSettings(f"s3://{BUCKET}/{uuid4().hex}", server.endpoint),
        lambda part: client.fput_object(BUCKET, name, str(part)),
        lambda target: client.fget_object(BUCKET, name, str(target)),
    )


def write_file(family: Family, root: Path, rows: int) -> Path:
    """One part of a dataset, to be pushed and pulled."""
    return write_part(root, make_rows(rows, 1, payload_bytes=4_000), family.targets)


def transfer_times(part: Path, root: Path, place: Place) -> list[float]:
    """Megabytes of the part, then seconds of push, put, pull and get; medians."""
    size = part.stat().st_size / MEGABYTE
    rounds = [_transfer(part, root / str(number), place) for number in range(REPEATS)]
    return [size, *(median(values) for values in zip(*rounds, strict=True))]


def _transfer(part: Path, workspace: Path, place: Place) -> tuple[float, float, float, float]:
    workspace.mkdir(parents=True)
    remote = replace(place.remote, url=f"{place.remote.url}/{uuid4().hex}")
    with open_objects(workspace, remote) as objects:
        staged = Path(copyfile(part, workspace / part.name))
        value = objects.keep(staged)
        objects.remote.exists(value)  # connected before the clock starts
        pushed = seconds(lambda: objects.push([value]))
        put = seconds(lambda: place.put(part))
        objects.path(value).unlink()
        pulled = seconds(lambda: objects.fetch([value]))
        got = seconds(lambda: place.get(workspace / "got"))
    return pushed, put, pulled, got


@contextmanager
def places(root: Path, server: str) -> Iterator[list[Place]]:
    """The directory, and the server if one is named."""
    found = [directory_place(root)]
    if not server:
        yield found
        return
    with running_store(server, root / "server") as running:
        os.environ.update(running.credentials.environment())
        yield [*found, server_place(running)]


def print_ingest(found: dict[int, float]) -> None:
    """Times and ratios to the smallest dataset."""
    base = found[min(found)]
    print(f"| rows before | {NEW_ROWS:,} new rows, s | ratio |\n|---|---|---|")
    for size, taken in found.items():
        print(f"| {size:,} | {taken:.2f} | {taken / base:.2f} |")


def print_transfer(name: str, found: list[float]) -> None:
    """Throughput and its fraction of a plain copy."""
    size, pushed, put, pulled, got = found
    for word, ours, plain in (("push", pushed, put), ("pull", pulled, got)):
        speeds = f"{size / ours:.0f} | {size / plain:.0f} | {plain / ours:.2f}"
        print(f"| {name} | {word} of {size:.0f} MB | {speeds} |")


def main(
    rows: Annotated[list[int], typer.Option(help="Sizes of the datasets; repeatable")] = [  # noqa: B006
        1_000,
        100_000,
        1_000_000,
    ],
    transferred: Annotated[int, typer.Option(help="Rows of 4 kB to push and pull")] = 20_000,
    server: Annotated[str, typer.Option(help="S3 server to start; empty for none")] = "",
) -> None:
    """Print what an ingest costs by the size of what is there, and throughput against a copy."""
    family = get_family(FAMILY)
    with TemporaryDirectory() as directory, places(Path(directory), server) as known:
        root = Path(directory)
        print_ingest(ingest_times(family, root, sorted(rows)))
        print("\n| place | what | MB/s | plain copy MB/s | fraction |\n|---|---|---|---|---|")
        part = write_file(family, root, transferred)
        for place in known:
            print_transfer(place.name, transfer_times(part, root / place.name, place))


if __name__ == "__main__":
    typer.run(main)
