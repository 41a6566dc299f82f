"""Relative errors of the effective diffusivity: network, network of blocks, trees, formulas.

    python -m benchmarks.diffusivity_cnn2d_accuracy --count 10000 --work WORK       # labels first
    python -m benchmarks.diffusivity_cnn2d_accuracy --count 10000 --work WORK --finished

All on the same folds: images with their mirror images, transposes and shifts stay together, and so
do an image's two axes, which are rows. Relative errors are those of rows with De > 0; what doesn't
span is answered by labelling in all but the formulas, which know the porosity alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from matops.core.data.record import Record
from matops.core.data.split import grouped_folds
from matops.core.learning.features import PackedFeatures
from matops.families import get_family
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import (
    DiffusivityConfig,
    ImageConfig,
    SimulationConfig,
)
from matops.families.diffusivity_cnn2d.images.descriptors import AXIS_DESCRIPTORS
from matops.families.diffusivity_cnn2d.simulation import (
    draw_design,
    labelled,
    run_diffusion_task,
    simulate_images,
    stated_here,
)
from matops.physics.effective_media import bruggeman_exponent, effective_medium
from matops.simulators.ledger import read_campaign, task_key

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
BINS = ((0.0, 0.1), (0.1, 0.2), (0.2, 1.01))
COLUMNS = (
    "model",
    "R²",
    "MAE",
    "mean RE",
    "De ≤ 0.1",
    "to 0.2",
    "above",
    "within 10 %",
    "most at 0",
)
"""Relative errors of all with De > 0 and of three ranges; of those above 0.2, the share within
10 %; the largest answer where De = 0."""
FAMILY = get_family("diffusivity_cnn2d")
POROSITY, COARSE = AXIS_DESCRIPTORS.index("porosity"), len(AXIS_DESCRIPTORS)


def finished(settings: SimulationConfig, work: Path) -> tuple[list[Record], list[str]]:
    """Records of the designs that a campaign has labelled so far, and their kinds."""
    outcomes = read_campaign(work)
    records: list[Record] = []
    kinds: list[str] = []
    for index in range(settings.count):
        design = draw_design(settings, index)
        outcome = outcomes.get(task_key(run_diffusion_task, {"design": asdict(design)}))
        if outcome and outcome.result and outcome.result["accepted"]:
            records.append(labelled(outcome.result, stated_here("simulation")))
            kinds.append(design.kind)
    return records, kinds


class Rated:
    """Images with features; a row is one axis of one image."""

    def __init__(self, records: list[Record], config: DiffusivityConfig) -> None:
        self.config = config
        samples = [FAMILY.parse(record.payload) for record in records]
        self.features: PackedFeatures = FAMILY.featurize(samples, config)
        self.labels = np.array([list(record.targets.values()) for record in records], dtype=float)
        self.y = self.labels.ravel()
        tensors = self.features.tensors
        described = tensors["sample.descriptors"].flatten(0, 1).double().numpy()
        coarse = tensors["sample.coarse"].flatten().double().numpy()
        self.x = np.concatenate([described, coarse[:, None]], axis=1)
        self.coarse = np.maximum(10**coarse - LOG_FLOOR, 0.0)
        self.spans = self.coarse > LOG_FLOOR

    def network(self, descriptors: bool, train: Rows, test: Rows) -> Array:
        """De/D0 of the images ``test`` by a network trained on ``train``, shape (2 n,)."""
        config = replace(self.config, image=ImageConfig(descriptors=descriptors))
        standard = torch.tensor(np.log10(self.labels[train] + LOG_FLOOR), dtype=torch.float32)
        network, _ = FAMILY.fit_member(
            self.features.take(torch.from_numpy(train)), standard, config
        )
        with torch.no_grad():
            parts = [
                network(self.features.batch(rows))
                for rows in torch.split(torch.from_numpy(test), 64)
            ]
        scaled = torch.cat(parts).double().numpy()
        return np.asarray(FAMILY.targets[0].from_scale(scaled).ravel())

    def trees(self, columns: list[int], train: Rows, test: Rows, shuffled: bool = False) -> Array:
        """The same by gradient boosting on log De of what spans; 0 for what doesn't."""
        from sklearn.ensemble import GradientBoostingRegressor

        own = axes_of(train)
        own = own[self.spans[own]]
        x, y = self.x[:, columns], np.log(self.y[own])
        if shuffled:
            y = np.random.default_rng(0).permutation(y)
        trees = GradientBoostingRegressor(
            n_estimators=300, max_depth=4, learning_rate=0.05, loss="huber", random_state=0
        )
        trees.fit(x[own], y)
        wanted = axes_of(test)
        return np.where(self.spans[wanted], np.exp(trees.predict(x[wanted])), 0.0)


def axes_of(images: Rows) -> Rows:
    """Rows of both axes of some images."""
    return np.stack([2 * images, 2 * images + 1], axis=1).ravel()


def models(rated: Rated) -> Mapping[str, Callable[[Rows, Rows], Array]]:
    """Predictions of the images ``test`` after a fit to ``train``, by name."""
    phi, y = rated.x[:, POROSITY], rated.y
    fourteen = list(range(len(AXIS_DESCRIPTORS)))

    def line(train: Rows, test: Rows) -> Array:
        own = axes_of(train)
        return np.asarray(np.polyval(np.polyfit(phi[own], y[own], 1), phi[axes_of(test)]))

    return {
        "constant": lambda train, test: np.full(2 * len(test), y[axes_of(train)].mean()),
        "φ^1.5": lambda _, test: bruggeman_exponent(phi[axes_of(test)]),
        "2 φ − 1, effective medium": lambda _, test: effective_medium(phi[axes_of(test)], 2),
        "line on φ": line,
        "boosting on shuffled labels": lambda train, test: rated.trees(fourteen, train, test, True),
        "boosting on φ": lambda train, test: rated.trees([POROSITY], train, test),
        "boosting on 14 descriptors": lambda train, test: rated.trees(fourteen, train, test),
        "network of blocks, nothing learnt": lambda _, test: rated.coarse[axes_of(test)],
        "boosting on 14 descriptors and the network of blocks": lambda train, test: rated.trees(
            [*fourteen, COARSE], train, test
        ),
        "flux, one network": partial(rated.network, False),
        "flux with 14 descriptors, one network": partial(rated.network, True),
    }


def held_out(fit: Callable[[Rows, Rows], Array], rated: Rated, fold_of: Rows) -> Array:
    """Every row's answer by a model that did not see its fold."""
    answers = np.empty_like(rated.y)
    for fold in np.unique(fold_of):
        train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        answers[axes_of(test)] = fit(train, test)
    return answers


def row(name: str, y: Array, answers: Array) -> str:
    """A row of the table."""
    spans = y > 0
    relative = np.abs(answers[spans] / y[spans] - 1)
    bins = [relative[(y[spans] > low) & (y[spans] <= high)] for low, high in BINS]
    r2 = 1 - ((answers - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    cells = [r2, np.abs(answers - y).mean(), relative.mean(), *(part.mean() for part in bins)]
    cells += [(bins[-1] < 0.1).mean(), answers[~spans].max(initial=0.0)]
    return f"| {name} | " + " | ".join(f"{cell:.4f}" for cell in cells) + " |"


def main(
    work: Annotated[Path, typer.Option(help="Where labels are kept")],
    count: int = 10_000,
    edge: int = 128,
    seed: int = 0,
    folds: int = 5,
    epochs: int = 0,
    workers: int = 1,
    only: Annotated[str, typer.Option(help="Models whose names have this")] = "",
    finished_only: Annotated[
        bool, typer.Option("--finished", help="Take what is labelled")
    ] = False,
) -> None:
    """Print Markdown tables: folds, and each generator left out once."""
    full: Any = FAMILY.preset("full")
    settings = replace(full.simulation, count=count, edge=edge, seed=seed)
    config = replace(full, image=ImageConfig(descriptors=True), simulation=settings)
    if epochs:
        config = replace(config, training=replace(config.training, epochs=epochs))
    if not finished_only:
        for _ in simulate_images(config, work, workers, lambda *_: None):
            pass
    records, kinds = finished(settings, work)
    rated = Rated(records, config)
    spans = rated.y > 0
    print(f"{len(records)} images of {edge}², {len(rated.y)} rows, {(~spans).sum()} with De = 0; ")
    print(f"{((rated.y > 0) & (rated.y <= 0.1)).sum()} rows with 0 < De ≤ 0.1\n")
    splits = {
        f"{folds} folds by group": grouped_folds([r.group for r in records], folds, seed),
        "each generator left out": np.unique(kinds, return_inverse=True)[1],
    }
    for split, fold_of in splits.items():
        print(f"{split}\n")
        print(
            "| model | R² | MAE | mean RE | De ≤ 0.1 | to 0.2 | above | < 10 % above | most at 0 |"
        )
        print("|" + "---|" * 9)
        for name, fit in models(rated).items():
            if only in name:
                print(row(name, rated.y, held_out(fit, rated, fold_of)), flush=True)
        print()


if __name__ == "__main__":
    typer.run(main)
