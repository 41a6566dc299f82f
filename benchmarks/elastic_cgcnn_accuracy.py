"""Accuracy of elastic_cgcnn against a random forest on Magpie features, on the same folds.

    python -m benchmarks.elastic_cgcnn_accuracy --source PATH

PATH is a file or directory that ``matops ingest elastic_cgcnn`` reads. Folds keep all polymorphs
of a reduced formula together. What each part of the network does: ``matops study elastic_cgcnn
ablation --source PATH --folds 5 --seed 2026``.
"""

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from matops.core.data.record import Provenance
from matops.core.data.target import SAMPLE_AXIS
from matops.core.exploring.study import Variant
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import target_errors
from matops.entrypoints.progress import StepBars
from matops.families import get_family
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.steps.learning.cross_validation import Workplace, cross_validate
from matops.steps.learning.fold_plan import Case, Folds, deal_folds
from matops.steps.learning.samples import Samples, gather_samples

Array = NDArray[np.float64]


def magpie_features(samples: Samples) -> Array:
    """Magpie composition statistics, and volume per atom, shape (n, 133)."""
    from matminer.featurizers.composition import ElementProperty
    from pymatgen.core.composition import Composition

    magpie = ElementProperty.from_preset("magpie", impute_nan=True)
    crystals = [parse_crystal(record.payload) for record in samples.records]
    formulas = {crystal.reduced_formula for crystal in crystals}
    statistics = {name: magpie.featurize(Composition(name)) for name in formulas}
    return np.array(
        [[*statistics[c.reduced_formula], c.volume_A3 / len(c.numbers)] for c in crystals]
    )


def forest_predictions(samples: Samples, folds: Folds, workers: int) -> Array:
    """Held-out predictions of a random forest on the same folds, shape (n, n_targets)."""
    from sklearn.ensemble import RandomForestRegressor

    features, fold_of = magpie_features(samples), deal_folds(samples, folds)
    scaled = samples.scaled[SAMPLE_AXIS]
    predicted = np.empty_like(scaled)
    for fold in range(folds.count):
        test = fold_of == fold
        forest = RandomForestRegressor(
            300, max_features=1 / 3, n_jobs=workers, random_state=folds.seed
        )
        forest.fit(features[~test], scaled[~test])
        predicted[test] = forest.predict(features[test])
    return predicted


def network_predictions(
    samples: Samples, folds: Folds, kept: Path, workers: int
) -> dict[str, Array]:
    """Held-out predictions of the released network, alone and as an ensemble."""
    config = samples.family.preset("full")
    with StepBars(Console(stderr=True)) as bars:
        work = Workplace(kept, kept, workers, bars.report)
        [found] = cross_validate(samples, [Case(Variant("released"), config)], folds, work)
    print(f"released: {found.seconds_per_epoch or np.nan:.2f} s an epoch, one thread")
    members = config.training.members
    return {
        "released, 1 member": found.predicted[SAMPLE_AXIS][0, 0],
        f"released, {members} members": found.predicted[SAMPLE_AXIS][0].mean(0),
    }


def _cell(m: Measurement) -> str:
    return f"{m.value:.4f} ({m.low:.4f} to {m.high:.4f})"


def print_table(samples: Samples, predictions: dict[str, Array]) -> None:
    """A Markdown table of mean absolute errors with 95 % intervals."""
    targets, groups = samples.family.targets, samples.groups.tolist()
    print("\n| model | MAE log10 K | MAE log10 G | R² K | R² G |\n|---|---|---|---|---|")
    for name, predicted in predictions.items():
        errors: dict[str, Measurement] = {}
        for i, target in enumerate(targets):
            truth = samples.scaled.numbers(target)
            errors |= target_errors(target, truth, predicted[:, i], groups)
        cells = [_cell(errors[f"{target.name}.mae"]) for target in targets]
        cells += [f"{errors[f'{target.name}.r2'].value:.3f}" for target in targets]
        print(f"| {name} | {' | '.join(cells)} |")


def main(
    source: Annotated[Path, typer.Option(help="Crystals with K_VRH and G_VRH")],
    folds: int = 5,
    seed: int = 2026,
    workers: int = 2,
    forest: Annotated[bool, typer.Option(help="Run the random forest as well")] = True,
    work: Annotated[
        Path | None, typer.Option(help="Keep trained networks' answers here, and go on from them")
    ] = None,
) -> None:
    """Print errors of both on the same held-out rows."""
    family = get_family("elastic_cgcnn")
    samples, _ = gather_samples(family, family.read(source, Provenance("", "")))
    division = Folds(folds, seed)
    formulas = len(np.unique(samples.groups))
    crystals = len(samples.records)
    print(f"{crystals} crystals, {formulas} reduced formulas, {folds} folds, seed {seed}")
    predictions: dict[str, Array] = {}
    if forest:
        predictions["random forest on Magpie"] = forest_predictions(samples, division, workers)
    predictions |= network_predictions(samples, division, work or Path(mkdtemp()), workers)
    print_table(samples, predictions)


if __name__ == "__main__":
    typer.run(main)
