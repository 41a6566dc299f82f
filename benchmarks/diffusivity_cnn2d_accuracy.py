"""Relative errors of the effective diffusivity: network, network of blocks, trees, formulas.

    python -m benchmarks.diffusivity_cnn2d_accuracy --count 10000 --work WORK       # labels first
    python -m benchmarks.diffusivity_cnn2d_accuracy --count 10000 --work WORK --finished
    python -m benchmarks.diffusivity_cnn2d_accuracy --work WORK --finished --take 3000 --tested 1

Labels, features and the answers of each fold stay in WORK: whatever stops goes on from there.
All on the same folds: images with their mirror images, transposes and shifts stay together, and so
do an image's two axes, which are rows. Relative errors are those of rows with De > 0; what doesn't
span is answered by labelling in all but the formulas, which know the porosity alone.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from matops.core.data.record import Record
from matops.core.data.split import grouped_folds
from matops.families import get_family
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import (
    DiffusivityConfig,
    ImageConfig,
    SimulationConfig,
)
from matops.families.diffusivity_cnn2d.images.descriptors import AXIS_DESCRIPTORS
from matops.families.diffusivity_cnn2d.simulation import (
    draw_task,
    labelled,
    run_diffusion_task,
    simulate_images,
    stated_here,
)
from matops.physics.effective_media import bruggeman_exponent, effective_medium
from matops.processes.atomic import atomic
from matops.simulators.ledger import read_campaign, task_key
from matops.steps.learning.features import keep_features, read_features

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
        task = draw_task(settings, index)
        outcome = outcomes.get(task_key(run_diffusion_task, task))
        if outcome and outcome.result and outcome.result["accepted"]:
            records.append(labelled(outcome.result, stated_here("simulation")))
            kinds.append(task["design"]["kind"])
    return records, kinds


class Rated:
    """Images with features; a row is one axis of one image."""

    def __init__(
        self, records: list[Record], config: DiffusivityConfig, cache: Path, epochs: int
    ) -> None:
        self.epochs, self.ids = epochs, [record.id for record in records]
        kept = keep_features(FAMILY, records, config, cache, 1, lambda *_: None)
        self.features = read_features(kept, FAMILY.pointers)
        self.labels = np.array([list(record.targets.values()) for record in records], dtype=float)
        self.y = self.labels.ravel()
        tensors = self.features.tensors
        described = tensors["sample.descriptors"].flatten(0, 1).double().numpy()
        coarse = tensors["sample.coarse"].flatten().double().numpy()
        self.x = np.concatenate([described, coarse[:, None]], axis=1)
        self.coarse = np.maximum(10**coarse - LOG_FLOOR, 0.0)
        self.spans = self.coarse > LOG_FLOOR

    def network(self, preset: str, descriptors: bool, train: Rows, test: Rows) -> Array:
        """De/D0 of the images ``test`` by a network trained on ``train``, shape (2 n,).

        All see images without dead ends, also those of presets that keep them.
        """
        config: Any = FAMILY.preset(preset)
        config = replace(config, image=ImageConfig(descriptors=descriptors))
        if self.epochs:
            config = replace(config, training=replace(config.training, epochs=self.epochs))
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
        "flux, one network": partial(rated.network, "full", False),
        "flux with 14 descriptors, one network": partial(rated.network, "full", True),
        "two_layer, one network": partial(rated.network, "two_layer", False),
        "wu, one network": partial(rated.network, "wu", False),
    }


@dataclass(frozen=True)
class Split:
    """Which images are held out together."""

    name: str
    fold_of: Rows
    tested: list[int]  # folds that are held out, one after the other

    @property
    def rows(self) -> Rows:
        """Rows of the images of all tested folds."""
        return axes_of(np.flatnonzero(np.isin(self.fold_of, self.tested)))


def held_out(
    name: str, fit: Callable[[Rows, Rows], Array], rated: Rated, split: Split, kept: Path
) -> Array:
    """Answers of the rows of ``split`` by models that did not see their fold."""
    answers = np.full_like(rated.y, np.nan)
    for fold in split.tested:
        train, test = np.flatnonzero(split.fold_of != fold), np.flatnonzero(split.fold_of == fold)
        what = "\x1f".join(
            [name, str(rated.epochs), *np.array(rated.ids)[train], "", *np.array(rated.ids)[test]]
        )
        file = kept / f"answers-{hashlib.sha256(what.encode()).hexdigest()[:20]}.npy"
        if not file.is_file():
            with atomic(file) as unfinished, unfinished.open("wb") as stream:
                np.save(stream, fit(train, test))
        answers[axes_of(test)] = np.load(file)
    return answers[split.rows]


def row(name: str, y: Array, answers: Array) -> str:
    """A row of the table."""
    spans = y > 0
    relative = np.abs(answers[spans] / y[spans] - 1)
    bins = [relative[(y[spans] > low) & (y[spans] <= high)] for low, high in BINS]
    r2 = 1 - ((answers - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    cells = [r2, np.abs(answers - y).mean(), relative.mean(), *(part.mean() for part in bins)]
    cells += [(bins[-1] < 0.1).mean(), answers[~spans].max(initial=0.0)]
    return f"| {name} | " + " | ".join(f"{cell:.4f}" for cell in cells) + " |"


def print_table(split: Split, rated: Rated, only: list[str], kept: Path) -> None:
    """A Markdown table of the models whose names have one of ``only``."""
    y = rated.y[split.rows]
    low = int(((y > 0) & (y <= BINS[0][1])).sum())
    print(f"{split.name}: {len(y)} rows held out, {(y == 0).sum()} with De = 0, {low} up to 0.1\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name, fit in models(rated).items():
        if not only or any(part in name for part in only):
            print(row(name, y, held_out(name, fit, rated, split, kept)), flush=True)
    print()


def main(
    work: Annotated[Path, typer.Option(help="Where labels, features and answers are kept")],
    count: int = 10_000,
    edge: int = 128,
    seed: int = 0,
    folds: int = 5,
    tested: Annotated[int, typer.Option(help="Folds that are held out; 0 for all")] = 0,
    epochs: Annotated[int, typer.Option(help="Of networks, instead of their presets'")] = 0,
    workers: int = 1,
    take: Annotated[int, typer.Option(help="The first so many images; 0 for all")] = 0,
    only: Annotated[list[str] | None, typer.Option(help="Models whose names have this")] = None,
    generators: Annotated[bool, typer.Option(help="Leave each generator out, too")] = True,
    finished_only: Annotated[
        bool, typer.Option("--finished", help="Take what is labelled")
    ] = False,
) -> None:
    """Print Markdown tables: folds, and each generator left out once."""
    full: Any = FAMILY.preset("full")
    settings = replace(full.simulation, count=count, edge=edge, seed=seed, doubled_share=0.0)
    config = replace(full, image=ImageConfig(descriptors=True), simulation=settings)
    if not finished_only:
        for _ in simulate_images(config, work, workers, lambda *_: None):
            pass
    records, kinds = finished(settings, work)
    records, kinds = records[: take or None], kinds[: take or None]
    kept = work / "features"
    rated = Rated(records, config, kept, epochs)
    print(f"{len(records)} images of {edge}², {len(rated.y)} rows\n")
    groups = grouped_folds([record.group for record in records], folds, seed)
    print_table(
        Split(f"{tested or folds} of {folds} folds by group", groups, list(range(tested or folds))),
        rated,
        only or [],
        kept,
    )
    if generators:
        names, kind_of = np.unique(kinds, return_inverse=True)
        left_out = Split("each generator left out", kind_of, list(range(len(names))))
        print_table(left_out, rated, only or [], kept)


if __name__ == "__main__":
    typer.run(main)
