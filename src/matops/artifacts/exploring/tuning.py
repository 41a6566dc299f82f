"""A search on disk: what was asked, its samples, and one command at a time that works on it."""

import fcntl
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.jsonfile import read_json, to_json, write_json
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.exploring.space import SearchSpace

PLAN, DATA, TRAININGS, CACHE, LOCK = "study.json", "data", "trainings", "cache", ".lock"


@dataclass(frozen=True)
class TuningPlan:
    """What every trial of a search depends on."""

    family: str
    name: str  # of the study
    preset: str  # the configuration that is changed
    changes: Mapping[str, Any]  # fields of it that were changed for all trials, by dotted name
    space: SearchSpace
    seed: int  # of the inner folds and of what is suggested
    folds: int  # inner folds
    measured: int  # how many of them are held out in each trial
    prune: bool  # whether trials that fall behind are stopped early
    data: str = ""  # digest of the samples; empty until they are known
    held_out: tuple[str, ...] = ()  # ids of the outer samples, of which the search sees nothing


def digest_of(records: Sequence[Record]) -> str:
    """What the samples are: their ids, groups and labels."""
    lines = (to_json([r.id, r.group, r.targets]) for r in sorted(records, key=lambda r: r.id))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]


def check_plan(directory: Path, plan: TuningPlan) -> bool:
    """Whether this search was begun in a directory; False where none was.

    Raises:
        BadInput: the directory holds a search of something else.
    """
    path = directory / PLAN
    if not path.is_file():
        return False
    kept = read_json(path, TuningPlan)
    if to_json(kept) != to_json(plan):
        raise BadInput(
            f"{directory}: holds a search that differs in {_differing(kept, plan)}; give this one "
            "a name of its own with --study"
        )
    return True


def write_plan(directory: Path, plan: TuningPlan) -> None:
    """Keep the plan of a search whose samples are there."""
    write_json(directory / PLAN, plan)


def read_plan(directory: Path) -> TuningPlan:
    """The plan of a search that was begun; BadInput where there is none."""
    return read_json(directory / PLAN, TuningPlan)


@contextmanager
def alone(directory: Path, wait: bool = False) -> Iterator[None]:
    """Hold the directory's lock, which ends with the process.

    Raises:
        BadInput: another process has it, and it is not to be waited for.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise BadInput(f"{directory}: another command works on this search") from None
        yield


def _differing(one: TuningPlan, other: TuningPlan) -> str:
    names = vars(one)
    return ", ".join(n for n in names if to_json((vars(one)[n],)) != to_json((vars(other)[n],)))
