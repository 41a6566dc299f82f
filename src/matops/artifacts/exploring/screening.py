"""A screening on disk: what it is, and its table in parts that appear whole or not at all."""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from matops.artifacts.jsonfile import read_json, write_json
from matops.core.data.shard import WHOLE, Shard
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.exploring.screening import Objectives
from matops.processes.atomic import atomic, remove_abandoned

PLAN, PARTS, LOCK = "screening.json", "parts", "lock"
PART_SIZE = 500
SECONDS = b"seconds"


@dataclass(frozen=True)
class Plan:
    """What a screening is: equal plans make equal tables."""

    family: str
    model_version: str  # version of the package that predicts
    seed: int
    configuration: Any  # what the family's generator of designs reads, as JSON
    count: int  # number of designs; a larger one extends the table
    part_size: int = PART_SIZE  # designs in a part

    @property
    def parts(self) -> list[range]:
        """The designs of each part."""
        starts = range(0, self.count, self.part_size)
        return [range(start, min(start + self.part_size, self.count)) for start in starts]


def _check_plan(directory: Path, plan: Plan) -> None:
    """Only the same screening goes on in a directory, with as many designs or more."""
    path = directory / PLAN
    if not path.is_file():
        return
    kept, new = asdict(read_json(path, Plan)), asdict(plan)
    for name in new:
        if name != "count" and kept[name] != new[name]:
            words = "another" if name == "configuration" else f"{kept[name]}, not {new[name]}"
            raise BadInput(
                f"{directory} holds another screening (its {name.replace('_', ' ')} is {words}): "
                "choose another directory"
            )
    if kept["count"] > plan.count:
        raise BadInput(
            f"{directory} holds a screening of {kept['count']:,} designs: ask for as many or more, "
            "or choose another directory"
        )


@contextmanager
def open_screening(directory: Path, plan: Plan) -> Iterator[None]:
    """Begin, resume or extend a screening; nobody else may write there meanwhile.

    Raises:
        BadInput: the directory holds another screening, or one that is running.
    """
    if directory.exists() and not directory.is_dir():
        raise BadInput(f"{directory}: not a directory")
    (directory / PARTS).mkdir(parents=True, exist_ok=True)
    with _locked(directory / LOCK, fcntl.LOCK_EX):
        _check_plan(directory, plan)
        write_json(directory / PLAN, plan)
        remove_abandoned(directory / PARTS)
        yield


@contextmanager
def join_screening(directory: Path, plan: Plan, shard: Shard) -> Iterator[None]:
    """Make a share of the parts of a screening that was begun, beside the other shards.

    Raises:
        BadInput: the directory holds another screening, one that is no shard is running there, or
            this shard is.
    """
    path = directory / PLAN
    if not path.is_file() or read_json(path, Plan) != plan:
        raise BadInput(f"{directory}: holds another screening than that of this shard, or none")
    own = directory / f"{LOCK}-{shard.index}-of-{shard.count}"
    with _locked(directory / LOCK, fcntl.LOCK_SH), _locked(own, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock, which ends with the process."""
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{path.parent}: another screening is running there") from None
        yield


def part_path(directory: Path, plan: Plan, designs: range) -> Path:
    """Where the part with these designs lies."""
    return directory / PARTS / f"part-{designs.start // plan.part_size:06d}.parquet"


def missing_parts(directory: Path, plan: Plan, shard: Shard = WHOLE) -> list[range]:
    """Designs of a shard's parts that aren't there, or hold fewer designs than they should now.

    Raises:
        BadInput: a part can't be read.
    """
    sizes = ((part, _rows(part_path(directory, plan, part))) for part in shard.of(plan.parts))
    return [part for part, rows in sizes if rows != len(part)]


def _rows(path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowInvalid:
        raise BadInput(f"{path}: damaged; delete it, and it is made again") from None


def part_schema(targets: Sequence[Target], objectives: Objectives) -> pa.Schema:
    """Columns of a part, with units in their metadata; a refused design has its reason only."""
    cost = objectives.cost
    numbers = [(cost.name, cost.unit)]
    numbers += [(merit.name, merit.unit) for merit in objectives.merits]
    ends = ("", "_lower", "_upper")
    numbers += [(target.name + end, target.unit) for target in targets for end in ends]
    numbers.append(("domain_score", "1"))
    return pa.schema(
        [
            pa.field("index", pa.int64(), nullable=False),
            *(pa.field(name, pa.float64(), metadata={"unit": unit}) for name, unit in numbers),
            pa.field("out_of_domain", pa.bool_()),
            pa.field("unseen", pa.string()),
            pa.field("refused", pa.string()),
        ]
    )


def write_part(
    path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, seconds: Mapping[str, float]
) -> None:
    """Write or replace one part, with the seconds of its stages in the file's metadata.

    A column that a row lacks is empty there. The time of writing is added to the stage ``write``.
    """
    start = perf_counter()
    with (
        atomic(path) as unfinished,
        pq.ParquetWriter(unfinished, schema, compression="zstd") as writer,
    ):
        writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))
        taken = {**seconds, "write": seconds["write"] + perf_counter() - start}
        writer.add_key_value_metadata({SECONDS: json.dumps(taken)})


def read_parts(directory: Path, plan: Plan) -> Iterator[tuple[pd.DataFrame, dict[str, float]]]:
    """The table part by part, each with the seconds that its stages took."""
    for designs in plan.parts:
        path = part_path(directory, plan, designs)
        seconds = json.loads(pq.read_metadata(path).metadata[SECONDS])
        yield pq.read_table(path).to_pandas(), seconds
