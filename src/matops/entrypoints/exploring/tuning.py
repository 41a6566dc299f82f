"""Searches with the workspace joined on: in one command, or by workers on many machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.configuration import resolve_config
from matops.artifacts.data.dataset import read_records
from matops.artifacts.exploring.space_file import check_space, read_space
from matops.artifacts.exploring.tuning import TuningPlan, alone
from matops.artifacts.exploring.tuning_result import TuningResult
from matops.artifacts.preset_file import names_a_file
from matops.core.data.split import assign_part
from matops.core.errors import BadInput
from matops.core.exploring.space import SearchSpace, find_space
from matops.core.family import Family, FamilyConfig
from matops.core.progress import Progress
from matops.entrypoints.data.ingestion import version_at_hand
from matops.entrypoints.data.own_split import split_of
from matops.entrypoints.exploring.gathering import samples_of
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import trial_store
from matops.families import get_family
from matops.steps.exploring.tuning.search import begin_search
from matops.steps.exploring.tuning.trials import TrialWork
from matops.steps.exploring.tuning.tune import begin_trials, conclude_tuning, run_single, run_trials
from matops.steps.learning.samples import Samples, gather_samples

Report = Callable[[str], Progress]
LEAST_GROUPS = 2
"""Of a part, and folds of them."""


@dataclass(frozen=True)
class TuningRequest:
    """A search in the words of a user."""

    family: str
    space: str  # name or file; empty for the family's first
    preset: str  # empty for the space's own
    changes: Mapping[str, Any]  # fields that differ from it in all trials
    source: str  # file, directory or ``simulation``; empty for the versioned data
    study: str  # name of the search; empty for that of the space
    seed: int
    folds: int  # inner folds
    held_out: int | None  # how many of them are held out in each trial; None for all
    prune: bool

    def found_space(self, family: Family) -> SearchSpace:
        """The space; BadInput where there is none, or it does not fit the family."""
        if names_a_file(self.space):
            space = read_space(Path(self.space))
        else:
            space = find_space(family.spaces, family.name, self.space)
        check_space(family, space, self.preset or space.preset, f"space {self.space or space.name}")
        for path in self.changes:
            if path in space.fields:
                raise BadInput(f"--set {path}: the search changes it; take it out of the space")
        return space

    def plan(self, family: Family) -> TuningPlan:
        """The plan, its samples not yet known."""
        space = self.found_space(family)
        if not 1 <= (self.held_out or self.folds) <= self.folds or self.folds < LEAST_GROUPS:
            held_out = self.held_out or "all"
            raise BadInput(
                f"of 2 or more folds 1 to all are held out, not {held_out} of {self.folds}"
            )
        return TuningPlan(
            family=self.family,
            name=self.study or space.name,
            preset=self.preset or space.preset,
            changes=self.changes,
            space=space,
            seed=self.seed,
            folds=self.folds,
            measured=self.held_out or self.folds,
            prune=self.prune and not space.grid,
        )


def tuning_directory(family: str, study: str) -> Path:
    """Where the workspace keeps a search."""
    return (read_settings().kept / "tuning" / family / study).resolve()


def work_of(family: str, directory: Path, worker: str = "") -> TrialWork:
    """What runs trials of a search that was begun."""
    return TrialWork(get_family(family), directory, trial_store(read_settings(), directory), worker)


def begin(
    request: TuningRequest,
    directory: Path | None,
    trials: int,
    report: Report,
    version: str = "",
) -> Path:
    """Keep samples and plan, queue the trials, and return the search's directory.

    The samples are those of the request's source, or of a ``version`` of the data.

    Raises:
        BadInput: the request makes no sense, or the directory holds another search.
    """
    place = keep(request, directory, report, version)
    with alone(place):
        begin_trials(work_of(request.family, place), trials, read_settings().workers, report)
    return place


def keep(
    request: TuningRequest,
    directory: Path | None,
    report: Report,
    version: str = "",
    wait: bool = False,
) -> Path:
    """Keep samples and plan, and return the search's directory."""
    family = get_family(request.family)
    plan = request.plan(family)
    place = directory or tuning_directory(plan.family, plan.name)
    config = resolve_config(family, plan.preset, {**plan.space.changes, **plan.changes})
    samples = _samples(family, config, request.source, version, report("read"))
    with alone(place, wait):
        begin_search(place, plan, *divide(samples, config))
    return place


def single(
    request: TuningRequest,
    directory: Path | None,
    values: Mapping[str, Any],
    report: Report,
    tell: Callable[[float], None],
) -> None:
    """One trial whose values somebody else suggests; it is not kept among the search's own."""
    run_single(work_of(request.family, keep(request, directory, report, wait=True)), values, tell)


def _samples(
    family: Family, config: FamilyConfig, source: str, version: str, progress: Progress
) -> Samples:
    if not version:
        return samples_of(family, config, source, progress)[0]
    with version_at_hand(version) as parts:
        return gather_samples(family, read_records(parts, family.targets))[0]


def divide(samples: Samples, config: FamilyConfig) -> tuple[Samples, tuple[str, ...]]:
    """Training and test samples, and the ids of the latter; what calibrates takes no part.

    Raises:
        BadInput: too few groups are in either.
    """
    own, records = split_of(config.split), samples.records
    if own:
        parts = own.part_of(records, config.split.torn_groups)
    else:
        parts = [assign_part(record.group, config.split) for record in records]
    pairs = list(zip(parts, records, strict=True))
    for part in ("train", "test"):
        groups = {record.group for own_part, record in pairs if own_part == part}
        if len(groups) < LEAST_GROUPS:
            raise BadInput(
                f"{len(groups)} groups fall to {part}; at least {LEAST_GROUPS} are needed"
            )
    kept = [record for part, record in pairs if part != "calibration"]
    return Samples(samples.family, kept), tuple(r.id for part, r in pairs if part == "test")


def tune(
    request: TuningRequest, directory: Path | None, trials: int, workers: int, report: Report
) -> tuple[TuningResult, Path]:
    """A whole search here: its trials, those left of one that was stopped, and its report."""
    place = begin(request, directory, trials, report)
    with alone(place):
        work = work_of(request.family, place)
        run_trials(work, workers, report("trials"))
        return conclude_tuning(work, workers, report), place
