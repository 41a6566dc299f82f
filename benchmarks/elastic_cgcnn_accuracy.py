"""Accuracy of elastic_cgcnn against a random forest on Magpie features, on the same folds.

    python -m benchmarks.elastic_cgcnn_accuracy --source PATH

PATH is a file or directory that ``matops ingest elastic_cgcnn`` reads. Folds keep all polymorphs
of a reduced formula together. ``--variant`` runs an ablation instead of the released network.
"""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.cross_validation import cross_validate, read_records
from matops.core.gate import Measurement
from matops.core.metrics import target_errors
from matops.core.record import Record
from matops.core.split import grouped_folds
from matops.core.target import targets_to_scale
from matops.entrypoints.configuration import resolve_config
from matops.families import get_family
from matops.families.elastic_cgcnn.formats import parse_crystal

Array = NDArray[np.float64]

OURS = ("bond_orders", "element_properties", "reduced_lengths", "crystal_state")
AS_PUBLISHED: dict[str, Any] = {
    "graph.whole_shells": False,
    "training.loss": "mse",
    "training.members": 1,
    **{f"network.{name}": False for name in OURS},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "released": {},
    "published": AS_PUBLISHED,
    "published, whole shells": {**AS_PUBLISHED, "graph.whole_shells": True},
    "published, whole shells, L1 loss": {
        **AS_PUBLISHED,
        "graph.whole_shells": True,
        "training.loss": "mae",
    },
    **{
        f"released without {name}": {f"network.{name}": False, "training.members": 1}
        for name in OURS
    },
    "released without element_properties and reduced_lengths": {
        "network.element_properties": False,
        "network.reduced_lengths": False,
        "training.members": 1,
    },
}


def magpie_features(records: list[Record]) -> Array:
    """Magpie composition statistics, and volume per atom, shape (n, 133)."""
    from matminer.featurizers.composition import ElementProperty
    from pymatgen.core.composition import Composition

    magpie = ElementProperty.from_preset("magpie", impute_nan=True)
    crystals = [parse_crystal(record.payload) for record in records]
    formulas = {crystal.reduced_formula for crystal in crystals}
    statistics = {name: magpie.featurize(Composition(name)) for name in formulas}
    return np.array(
        [[*statistics[c.reduced_formula], c.volume_A3 / len(c.numbers)] for c in crystals]
    )


def forest_predictions(
    records: list[Record], scaled: Array, folds: int, seed: int, workers: int
) -> Array:
    """Held-out predictions of a random forest on the same folds, shape (n, n_targets)."""
    from sklearn.ensemble import RandomForestRegressor

    features = magpie_features(records)
    fold_of = grouped_folds([record.group for record in records], folds, seed)
    predicted = np.empty_like(scaled)
    for fold in range(folds):
        test = fold_of == fold
        forest = RandomForestRegressor(300, max_features=1 / 3, n_jobs=workers, random_state=seed)
        forest.fit(features[~test], scaled[~test])
        predicted[test] = forest.predict(features[test])
    return predicted


def _cell(m: Measurement) -> str:
    return f"{m.value:.4f} ({m.low:.4f} to {m.high:.4f})"


def main(
    source: Annotated[Path, typer.Option(help="Crystals with K_VRH and G_VRH")],
    folds: int = 5,
    seed: int = 2026,
    workers: int = 2,
    variant: Annotated[list[str], typer.Option(help=f"One of: {'; '.join(VARIANTS)}")] = [  # noqa: B006
        "released"
    ],
    forest: Annotated[bool, typer.Option(help="Run the random forest as well")] = True,
) -> None:
    """Print a Markdown table of mean absolute errors with 95 % intervals."""
    family = get_family("elastic_cgcnn")
    records = read_records(family, source)
    groups = [record.group for record in records]
    values = np.array([[record.targets[t.name] for t in family.targets] for record in records])
    scaled = targets_to_scale(family.targets, values)
    formulas = len(set(groups))
    print(f"{len(records)} crystals, {formulas} reduced formulas, {folds} folds, seed {seed}")
    found: dict[str, Array] = {}
    if forest:
        found["random forest on Magpie"] = forest_predictions(records, scaled, folds, seed, workers)
    for name in variant:
        config = resolve_config(family, "full", VARIANTS[name])
        result = cross_validate(family, config, source, groups, folds, seed, workers)
        members = len(result.predicted)
        for n in sorted({1, members}):
            found[f"{name}, {n} member{'s' if n > 1 else ''}"] = result.predicted[:n].mean(0)
        print(f"{name}: {result.seconds_per_epoch:.2f} s an epoch, one thread")
    print("\n| model | MAE log10 K | MAE log10 G | R² K | R² G |\n|---|---|---|---|---|")
    for name, predicted in found.items():
        errors = [
            target_errors(target, scaled[:, i], predicted[:, i], groups)
            for i, target in enumerate(family.targets)
        ]
        cells = [_cell(e[f"{t.name}.mae"]) for e, t in zip(errors, family.targets, strict=True)]
        cells += [
            f"{e[f'{t.name}.r2'].value:.3f}" for e, t in zip(errors, family.targets, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    typer.run(main)
