"""What simpler models of nanoporous stiffness reach, on the folds of the study ``models``.

    python -m benchmarks.nanoporous_cnn3d_accuracy --source gold_0.35.csv.gz

Solid fraction, morphology and continuum physics, with a straight line or extra trees on top. A row
is one load direction; the three of a structure stay together. Descriptors come from the workspace's
cache where a study has left them there.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from matops.artifacts.configuration import resolve_config
from matops.core.data.record import Provenance
from matops.core.quality.metrics import physical_errors
from matops.entrypoints.progress import StepBars
from matops.entrypoints.settings import read_settings
from matops.families import get_family
from matops.families.nanoporous_cnn3d.features import descriptor_names
from matops.steps.learning.features import keep_features, read_features
from matops.steps.learning.fold_plan import Folds, deal_folds
from matops.steps.learning.samples import Samples, gather_samples

Array = NDArray[np.float64]
NAMES = descriptor_names("all")


def describe_all(samples: Samples, workers: int) -> Array:
    """All descriptors of every direction of every structure, shape (3 n, d)."""
    family, cache = samples.family, read_settings().kept / "cache"
    config = resolve_config(family, "full", {"grid.descriptors": "all"})
    with StepBars(Console(stderr=True)) as bars:
        progress = bars.report("descriptors")
        path = keep_features(family, samples.records, config, cache, workers, progress)
    rows = read_features(path, family.pointers).flat()["sample.descriptors"]
    return rows.numpy().astype(float).reshape(-1, len(NAMES))


def straight_line() -> Any:
    """A line through the chosen numbers."""
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def extra_trees(workers: int) -> Any:
    """Extra trees with the library's defaults and 500 trees."""
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(500, n_jobs=workers, random_state=0)


def held_out(build: Callable[[], Any], x: Array, y: Array, fold_of: NDArray[np.int64]) -> Array:
    """Predictions of every row by a model that did not see its fold."""
    predicted = np.empty_like(y)
    for fold in np.unique(fold_of):
        test = fold_of == fold
        predicted[test] = build().fit(x[~test], y[~test]).predict(x[test])
    return predicted


def main(
    source: Annotated[Path, typer.Option(help="Structures with measured stiffness")],
    folds: int = 8,
    seed: int = 0,
    workers: int = 2,
) -> None:
    """Print a Markdown table of R² and mean absolute error, pooled over the three directions."""
    family = get_family("nanoporous_cnn3d")
    samples, _ = gather_samples(family, family.read(source, Provenance("", "")))
    y = np.array([r.targets[t.name] for r in samples.records for t in family.targets])
    fold_of = np.repeat(deal_folds(samples, Folds(folds, seed)), 3)
    x = describe_all(samples, workers)
    column = {name: i for i, name in enumerate(NAMES)}
    morphology = [column[name] for name in descriptor_names("morphology")]
    trees = partial(extra_trees, workers)
    models: dict[str, tuple[Callable[[], Any], list[int]]] = {
        "line on the solid fraction": (straight_line, [column["solid_fraction"]]),
        "line on the conductivity": (straight_line, [column["conductivity"]]),
        "line on the finite-element stiffness": (
            straight_line,
            [column["finite_element_stiffness"]],
        ),
        "extra trees on morphology": (trees, morphology),
        "extra trees on morphology and physics": (trees, list(range(len(NAMES)))),
    }
    print(f"{len(samples.records)} structures, {len(y)} stiffnesses, {folds} folds, seed {seed}\n")
    groups = samples.groups.tolist()
    print("| model | R² | MAE, GPa |\n|---|---|---|")
    for name, (build, columns) in models.items():
        predicted = held_out(build, x[:, columns], y, fold_of)
        errors = physical_errors("GPa", y.reshape(-1, 3), predicted.reshape(-1, 3), groups)
        r2, mae = errors["r2"], errors["mae"]
        print(f"| {name} | {r2.value:.3f} ({r2.low:.3f} to {r2.high:.3f}) | {mae.value:.3f} |")


if __name__ == "__main__":
    typer.run(main)
