"""Do the intervals of elastic_cgcnn hold in each part of the crystals, not only on average?

    python -m benchmarks.elastic_cgcnn_coverage --source PATH --work DIR [--measured 2]

PATH is a file or directory that ``matops ingest elastic_cgcnn`` reads. Folds, networks and their
answers are those of ``elastic_cgcnn_accuracy``: with the same ``--work`` nothing is trained twice.
On each held-out fold the intervals are calibrated as a release calibrates them, on as many formulas
as a release of these crystals has, drawn at random again and again; the fold's other crystals
measure. Bins and floor of the calibration were chosen on the first two folds.

A crystal counts with the share of the draws in which it lay inside its interval, of those that
measured it. Tenths of the predicted value and quarters of the spread are of each fold for itself,
and pooled over folds. The 95 % interval resamples formulas, for the chance in who measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from matops.core.data.record import Provenance
from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.exploring.study import Variant
from matops.core.family import Family
from matops.core.family.derived import mean_and_spread, with_derived
from matops.core.quality.domain import Descriptors, fit_domain
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import ratio_of_sums, with_interval
from matops.core.quality.uncertainty import calibrate
from matops.entrypoints.progress import StepBars
from matops.families import get_family
from matops.steps.learning.cross_validation import Workplace, cross_validate
from matops.steps.learning.fold_plan import Case, Folds, deal_folds
from matops.steps.learning.samples import Samples, gather_samples

Array = NDArray[np.float64]
NOMINAL, BAR = 0.9, 0.04
CHOSEN_ON = (0, 1)
"""Folds on which the bins and the floor were chosen."""
PARTS = {"tenth of predicted value": 10, "quarter of spread": 4}


@dataclass(frozen=True, eq=False)
class Held:
    """One property of the crystals of one fold, a row each."""

    inside: Array  # draws in which it was measured and lay inside its interval
    measured: Array  # draws in which it was measured
    half: Array  # median half width of those draws, learning scale
    part: dict[str, NDArray[np.int64]]  # its tenth and its quarter within the fold
    formula: NDArray[np.str_]  # reduced formula


def in_domain(family: Family, samples: Samples, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which held-out crystals have intervals, by the domain of the others."""
    crystals = [family.parse(record.payload) for record in samples.records]

    def described(rows: NDArray[np.bool_]) -> Descriptors:
        some = [crystals[i] for i in np.flatnonzero(rows)]
        return family.describe(some, family.featurize(some, family.preset("full")))

    domain = fit_domain(described(~held), samples.groups[~held].tolist())
    return ~np.array([score.is_outside for score in domain.assess(described(held))])


def _equal_parts(by: Array, count: int) -> NDArray[np.int64]:
    part = np.empty(len(by), dtype=np.int64)
    for number, rows in enumerate(np.array_split(np.argsort(by, kind="stable"), count)):
        part[rows] = number
    return part


def measure_fold(
    truth: Tables,
    answers: tuple[Tables, Tables],
    formulas: NDArray[np.str_],
    has_interval: NDArray[np.bool_],
    draws: int,
    calibrating: int,
) -> dict[str, Held]:
    """What the crystals of one fold show, by property.

    ``answers`` are the members' means and spreads.
    """
    (mean, spread), rng, n = answers, np.random.default_rng(0), len(formulas)
    names = np.unique(formulas)
    shape = (draws, n, len(truth.targets))
    inside, half = np.zeros(shape), np.full(shape, np.nan)
    measured = np.zeros((draws, n), dtype=bool)
    for draw in range(draws):
        chosen = np.isin(formulas, rng.choice(names, calibrating, replace=False))
        rows = np.flatnonzero(chosen)
        own = [table.take(rows) for table in (truth, mean, spread)]
        conformal = calibrate(own[0], own[1], own[2], formulas[rows].tolist(), NOMINAL)
        measured[draw] = ~chosen & has_interval
        width = conformal.half_width(mean, spread)[SAMPLE_AXIS]
        error = np.abs(truth[SAMPLE_AXIS] - mean[SAMPLE_AXIS])
        inside[draw] = (error <= width) & measured[draw, :, None]
        half[draw] = np.where(measured[draw, :, None], width, np.nan)
    kept = measured.any(0)
    half = np.nanmedian(half[:, kept], axis=0)
    return {
        target.name: Held(
            inside[:, kept, i].sum(0),
            measured[:, kept].sum(0).astype(float),
            half[:, i],
            {
                by: _equal_parts(table.numbers(target)[kept], count)
                for (by, count), table in zip(PARTS.items(), answers, strict=True)
            },
            formulas[kept],
        )
        for i, target in enumerate(truth.targets)
    }


def _pool(folds: Sequence[Held]) -> Held:
    return Held(
        inside=np.concatenate([fold.inside for fold in folds]),
        measured=np.concatenate([fold.measured for fold in folds]),
        half=np.concatenate([fold.half for fold in folds]),
        part={by: np.concatenate([fold.part[by] for fold in folds]) for by in PARTS},
        formula=np.concatenate([fold.formula for fold in folds]),
    )


def coverage(held: Held, rows: NDArray[np.bool_]) -> Measurement:
    """Share inside, with its 95 % interval over the formulas."""
    _, group = np.unique(held.formula[rows], return_inverse=True)
    return with_interval("1", [held.inside[rows], held.measured[rows]], group, ratio_of_sums)


def print_property(target: Target, by_fold: dict[str, list[Held]]) -> None:
    """A table of one property, and what lies outside the bar."""
    heads = ["folds", "all", *(f"each {by}, lowest first" for by in PARTS)]
    heads.append(f"median half width, {target.scaled_unit}")
    print(f"\n{target.name}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    outside = []
    for name, folds in by_fold.items():
        held = _pool(folds)
        everything = coverage(held, np.ones(len(held.half), dtype=bool))
        cells = [f"{everything.value:.3f} ({everything.low:.3f} to {everything.high:.3f})"]
        for by, count in PARTS.items():
            parts = [coverage(held, held.part[by] == number) for number in range(count)]
            cells.append(" ".join(f"{part.value:.2f}" for part in parts))
            for number, part in enumerate(parts, start=1):
                if abs(part.value - NOMINAL) > BAR and len(folds) > 1:
                    interval = f"{part.value:.3f} ({part.low:.3f} to {part.high:.3f})"
                    outside.append(f"{name}: {by} {number}: {interval}, {part.rows} crystals")
        print(f"| {name} | {' | '.join(cells)} | {np.median(held.half):.3f} |")
    for line in outside:
        print(f"outside {NOMINAL - BAR:.2f} to {NOMINAL + BAR:.2f}: {line}")


def held_out_folds(
    samples: Samples, folds: Folds, work: Path, workers: int, draws: int
) -> dict[int, dict[str, Held]]:
    """What each measured fold shows; networks that are not kept yet are trained."""
    family, config = samples.family, samples.family.preset("full")
    with StepBars(Console(stderr=True)) as bars:
        place = Workplace(work, work, workers, bars.report)
        [found] = cross_validate(samples, [Case(Variant("released"), config)], folds, place)
    fold_of = deal_folds(samples, folds)
    truth = with_derived(family, samples.scaled)
    calibrating = round(config.split.calibration * len(np.unique(samples.groups)))
    shown = {}
    for fold in folds.held_out:
        rows = np.flatnonzero(fold_of == fold)
        members = found.predicted.take(rows).each(lambda table: table[0])
        shown[fold] = measure_fold(
            truth.take(rows),
            mean_and_spread(family, members),
            samples.groups[rows],
            in_domain(family, samples, fold_of == fold),
            draws,
            calibrating,
        )
    return shown


def main(
    source: Annotated[Path, typer.Option(help="Crystals with K_VRH and G_VRH")],
    work: Annotated[Path, typer.Option(help="What elastic_cgcnn_accuracy --work kept")],
    measured: Annotated[int, typer.Option(help="How many of the folds, from the first on")] = 5,
    seed: int = 2026,
    draws: Annotated[int, typer.Option(help="Random choices of calibration formulas")] = 16,
    workers: int = 2,
) -> None:
    """Print coverage by part, of each fold and of several together."""
    family = get_family("elastic_cgcnn")
    samples, _ = gather_samples(family, family.read(source, Provenance("", "")))
    shown = held_out_folds(samples, Folds(5, seed, measured), work, workers, draws)
    together = {
        "chosen on": [fold for fold in shown if fold in CHOSEN_ON],
        "others": [fold for fold in shown if fold not in CHOSEN_ON],
        "all": list(shown),
    }
    for target in family.properties:
        rows = {str(fold): [held[target.name]] for fold, held in shown.items()}
        for name, members in together.items():
            if len(members) > 1:
                label = f"{name}: {', '.join(map(str, members))}"
                rows[label] = [shown[fold][target.name] for fold in members]
        print_property(target, rows)


if __name__ == "__main__":
    typer.run(main)
