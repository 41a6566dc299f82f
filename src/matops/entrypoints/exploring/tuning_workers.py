"""A search by workers of many processes, which share the workspace and a storage of trials."""

import shutil
from pathlib import Path

from matops.artifacts.exploring.tuning import alone
from matops.artifacts.exploring.tuning_result import PRESET
from matops.artifacts.pages.tuning_page import PAGE
from matops.core.errors import BadInput
from matops.entrypoints.exploring.tuning import TuningRequest, begin, tuning_directory, work_of
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.steps.exploring.tuning.trials import hand_over
from matops.steps.exploring.tuning.tune import conclude_tuning, run_trials


def begin_workers(request: TuningRequest, version: str, trials: int, workers: int) -> list[int]:
    """Begin a search on a version of the data, and number its workers.

    Trials that an earlier run left under way are dealt to them.
    """
    if workers < 1:
        raise BadInput(f"workers must be 1 or more, not {workers}")
    place = begin(request, None, trials, log_progress, version)
    hand_over(work_of(request.family, place), [_name(worker) for worker in range(workers)])
    return list(range(workers))


def work_through(family: str, study: str, worker: int) -> int:
    """Run trials of a search until none is left, and count them."""
    work = work_of(family, tuning_directory(family, study), _name(worker))
    return run_trials(work, 1, log_progress(_name(worker)))


def conclude(family: str, study: str, preset: Path, page: Path) -> dict[str, float]:
    """Measure the best, copy preset and page, and say what it is worth in numbers."""
    place = tuning_directory(family, study)
    with alone(place):
        result = conclude_tuning(work_of(family, place), read_settings().workers, log_progress)
    shutil.copyfile(place / PRESET, preset)
    shutil.copyfile(place / PAGE, page)
    told: dict[str, float] = {"trials": len(result.trials)}
    if result.best and result.best.error is not None:
        told |= {"best": result.best.number, "error_in_search": result.best.error}
    if result.gain:
        named = {"preset": result.gain.default, "best": result.gain.best}
        told |= {f"unseen_error_of_{name}": measured.value for name, measured in named.items()}
        difference = result.gain.difference
        told |= {"difference": difference.value, "difference_high": difference.high or 0.0}
    return told


def _name(worker: int) -> str:
    return f"worker-{worker + 1}"
