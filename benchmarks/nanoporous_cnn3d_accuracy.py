"""What simpler models of nanoporous stiffness reach, on the folds of the study ``models``.

    python -m benchmarks.nanoporous_cnn3d_accuracy --source gold_0.35.csv.gz

Solid fraction, morphology and continuum physics, with a straight line or extra trees on top. A row
is one load direction; the three of a structure stay together.
"""

from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from matops.core.metrics import physical_errors
from matops.core.record import Provenance, Record
from matops.core.split import grouped_folds
from matops.families import get_family
from matops.families.nanoporous_cnn3d.features import descriptor_names, load_descriptors
from matops.families.nanoporous_cnn3d.payloads import parse_metal

Array = NDArray[np.float64]
NAMES = descriptor_names("all")


def _describe(record: Record) -> Array:
    return load_descriptors(parse_metal(record.payload), "all")


def describe_all(records: list[Record], workers: int) -> Array:
    """All descriptors of every direction of every structure, shape (3 n, d)."""
    with get_context("spawn").Pool(workers) as pool:
        rows = pool.imap(_describe, records, chunksize=4)
        return np.concatenate(list(track(rows, "descriptors", total=len(records))))


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
    """Print a Markdown table of R² with 95 % intervals, pooled over the three directions."""
    family = get_family("nanoporous_cnn3d")
    incoming = family.read(source, Provenance("", ""))
    records = [record for record in incoming if isinstance(record, Record)]
    y = np.array([record.targets[t.name] for record in records for t in family.targets])
    groups = [record.group for record in records]
    fold_of = np.repeat(grouped_folds(groups, folds, seed), 3)
    x = describe_all(records, workers)
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
    print(f"{len(records)} structures, {len(y)} stiffnesses, {folds} folds, seed {seed}\n")
    print("| model | R² |\n|---|---|")
    for name, (build, columns) in models.items():
        predicted = held_out(build, x[:, columns], y, fold_of)
        r2 = physical_errors("GPa", y.reshape(-1, 3), predicted.reshape(-1, 3), groups)["r2"]
        print(f"| {name} | {r2.value:.3f} ({r2.low:.3f} to {r2.high:.3f}) |")


if __name__ == "__main__":
    typer.run(main)
