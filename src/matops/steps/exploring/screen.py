"""Screening: many designs predicted in parts, the front of the best, and its confirmation."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pandas as pd

from matops.artifacts.exploring import screening as disk
from matops.artifacts.exploring.screening import Plan
from matops.artifacts.exploring.screening_result import ScreeningResult, collect
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.package import load_checked, read_card
from matops.artifacts.pages.screening_page import ScreeningFiles, write_result
from matops.core.data.shard import WHOLE, Shard
from matops.core.data.target import scalars_of
from matops.core.errors import BadInput
from matops.core.exploring.screening import Merit
from matops.core.family import Family, FamilyConfig
from matops.core.predictor import Predictor
from matops.core.progress import Progress
from matops.core.quality.card import Card
from matops.processes.worker_process import finished_calls
from matops.steps.exploring.confirm import confirm_front, remake
from matops.steps.exploring.screen_part import Load, designing, screen_part

SIMULATIONS = "simulations"
MOST_DESIGNS = 100_000_000
"""Weeks of work; the list of their parts still fits into memory."""
DIED = (
    "a worker process died, perhaps for want of memory: with fewer workers, the same command "
    "continues"
)


@dataclass(frozen=True)
class LoadPackage:
    """Loads a package through its golden requests, and only the version that was meant."""

    directory: Path
    version: str

    def __call__(self) -> Predictor:
        """The predictor.

        Raises:
            BadInput: the package is damaged, or was replaced by another.
        """
        predictor = load_checked(self.directory)
        if predictor.model_version != self.version:
            raise BadInput(f"{self.directory}: replaced while it was screening")
        return predictor


@dataclass(frozen=True)
class Screening:
    """What is screening of a screening."""

    family: Family
    load: Load  # how a worker process gets the model
    plan: Plan  # which designs, predicted by which model
    config: FamilyConfig  # what the family's generator and simulation of designs read
    merit: Merit  # what the best designs have most of
    coverage: float  # nominal coverage of the model's intervals
    confirm: int = 0  # number of designs to simulate


@dataclass(frozen=True)
class Screened:
    """What a screening gave: ``confirmed`` is None if no design was to be simulated."""

    result: ScreeningResult
    confirmed: pd.DataFrame | None
    files: ScreeningFiles


def read_card_of(family: Family, package: Path) -> Card:
    """The card of a package that can predict this family's designs.

    Raises:
        BadInput: there is no such package, it is of another family, or the family generates no
            designs.
    """
    designing(family)
    card = read_card(package)
    if card.family != family.name:
        raise BadInput(f"{package}: a package of {card.family}, not of {family.name}")
    return card


def make_plan(
    family: Family, model_version: str, config: FamilyConfig, seed: int, count: int
) -> Plan:
    """The plan of a screening.

    Raises:
        BadInput: no designs are wanted, or far too many, or the seed is negative.
    """
    if count < 1:
        raise BadInput(f"a screening needs at least one design, not {count}")
    if count > MOST_DESIGNS:
        raise BadInput(f"a screening has at most {MOST_DESIGNS:,} designs, not {count:,}")
    if seed < 0:
        raise BadInput(f"the seed of a screening is zero or more, not {seed}")
    configuration = json.loads(to_json(designing(family).design_key(config)))
    return Plan(family.name, model_version, seed, configuration, count)


Call = tuple[Load, int, FamilyConfig, range, Path]
"""Arguments of :func:`~matops.steps.exploring.screen_part.screen_part`."""


def _run(calls: Sequence[Call], workers: int) -> Iterator[int]:
    """Screen parts, in worker processes or in this one; sizes of the parts as they are finished.

    Raises:
        BadInput: a worker process died.
    """
    if workers == 1:
        yield from (screen_part(*call) for call in calls)
        return
    for _, future in finished_calls(screen_part, calls, workers):
        try:
            yield future.result()
        except BrokenProcessPool:
            raise BadInput(DIED) from None


def _make_parts(
    screening: Screening, directory: Path, workers: int, progress: Progress, shard: Shard = WHOLE
) -> int:
    """Make every part of the table, or of a share of it, that is missing; the number of designs."""
    plan = screening.plan
    missing = disk.missing_parts(directory, plan, shard)
    count = sum(map(len, shard.of(plan.parts)))
    kept = done = count - sum(map(len, missing))
    start = perf_counter()
    progress(done, count, "kept from before" if done else "starting")
    calls = [
        (
            screening.load,
            plan.seed,
            screening.config,
            designs,
            disk.part_path(directory, plan, designs),
        )
        for designs in missing
    ]
    for finished in _run(calls, workers):
        done += finished
        rate = (done - kept) / (perf_counter() - start)
        minutes = (count - done) / rate / 60
        progress(done, count, f"{rate:.1f} designs/s, {minutes:.0f} min left")
    return count


def begin_screening(screening: Screening, directory: Path) -> None:
    """Make a directory that of this screening, so that its shards can join.

    Raises:
        BadInput: the directory holds another screening, or one that is running.
    """
    with disk.open_screening(directory, screening.plan):
        return


def screen_shard(
    screening: Screening, directory: Path, shard: Shard, workers: int, progress: Progress
) -> int:
    """Make a share of the parts, for :func:`run_screening`, and return its number of designs.

    An interrupted shard continues in ``directory``, where the screening was begun. Each of the
    ``workers`` has one thread; a single one is this process itself.

    Raises:
        BadInput: the directory holds another screening, or this shard is running there.
    """
    with disk.join_screening(directory, screening.plan, shard):
        return _make_parts(screening, directory, workers, progress, shard)


def run_screening(
    screening: Screening, directory: Path, workers: int, report: Callable[[str], Progress]
) -> Screened:
    """Screen, find the front, confirm some of it, and write tables, picture and page.

    An interrupted screening continues in ``directory``; one with more designs extends it. Each of
    the ``workers`` has one thread; a single one is this process itself.

    Raises:
        BadInput: the directory holds another screening, every design was refused, or the family
            has no simulation that could confirm one.
    """
    family, plan, designs = screening.family, screening.plan, designing(screening.family)
    with disk.open_screening(directory, plan):
        _make_parts(screening, directory, workers, report("screen"))
        targets = scalars_of(family.targets)
        result = collect(directory, plan, designs.objectives, screening.merit, targets)
        config, coverage = screening.config, screening.coverage
        best = remake(designs, plan, config, result.front)
        files = write_result(directory, result, best, None, family.title, coverage)
        if not (wanted := screening.confirm):
            return Screened(result, None, files)
        simulations, progress = directory / SIMULATIONS, report("confirm")
        confirmed = confirm_front(
            family, result, best, config, wanted, simulations, workers, progress
        )
        files = write_result(directory, result, best, confirmed, family.title, coverage)
        return Screened(result, confirmed, files)
