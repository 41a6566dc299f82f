"""The thesis' networks on 301 images of its range of De, beside a constant, porosity and ours.

    python -m benchmarks.diffusivity_cnn2d_thesis --work WORK --trials 20

WORK has the labels of ``benchmarks.diffusivity_cnn2d_accuracy``. Of these, 301 images of 128² are
chosen whose De is distributed as the thesis' (mean 0.0389, deviation 0.0167, from 0.0040 to
0.1506): the nearest to each quantile of a log-normal one, an image once. Split 80/10/10, mean
squared error, as there; Adam, batches of 32 and at most ``--epochs`` passes, which end when the
validation error has not fallen for ``PATIENCE`` passes: the thesis does not say.

Trials are settings of its grid: its two best first, then others at random, or those of a JSON list.
All is kept in WORK; the same command goes on where it stopped, and ends with the tables.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.stats import lognorm
from torch import Tensor, nn

from benchmarks.diffusivity_cnn2d_accuracy import FAMILY, finished
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import NetworkConfig
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage, parse_image
from matops.families.diffusivity_cnn2d.networks.published import edge_after, two_layer
from matops.physics.arrays import BoolArray
from matops.simulators.porous_media.block_network import coarse_diffusion

Array = NDArray[np.float64]
IMAGES, MEAN, DEVIATION, LEAST, MOST = 301, 0.0389, 0.0167, 0.0040, 0.1506
TRAIN, VALIDATION = 241, 30
BATCH, PATIENCE = 32, 10
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Setting:
    """A point of the thesis' grid."""

    kernel: int
    learning_rate: float
    filters: tuple[int, ...]
    stride: int
    pool: int
    padding: str
    activation: str

    @property
    def network(self) -> NetworkConfig:
        """The network of this setting."""
        fields = asdict(self)
        del fields["learning_rate"]
        return NetworkConfig(kind="two_layer", **fields)

    @property
    def is_valid(self) -> bool:
        """Whether pixels are left before the dense layers."""
        edge = self.network.edge
        for _ in self.filters:
            edge = edge_after(self.network, edge)
        return edge >= 1


BEST = (
    Setting(4, 1e-2, (8, 16), 3, 3, "valid", "linear"),
    Setting(5, 1e-2, (32, 64), 3, 2, "valid", "relu"),
)
"""Its best linear and its best ReLU setting."""


def grid() -> list[Setting]:
    """The valid ones of the thesis' grid."""
    rates, filters = (1e-2, 1e-3, 1e-4), ((8, 16), (16, 32), (32, 64))
    every = product(
        (2, 3, 4, 5), rates, filters, (2, 3, 4), (2, 3, 4), ("same", "valid"), ("relu", "linear")
    )
    return [setting for each in every if (setting := Setting(*each)).is_valid]


@dataclass(frozen=True)
class Chosen:
    """Images whose De along x is distributed as the thesis'."""

    pores: list[BoolArray]
    de: Array  # along x, shape (n,)
    both: Array  # along x and y, shape (n, 2)

    def part(self, seed: int) -> dict[str, NDArray[np.int64]]:
        """Images of each part of a split."""
        order = np.random.default_rng([seed, IMAGES]).permutation(len(self.de))
        parts = np.split(order, [TRAIN, TRAIN + VALIDATION])
        return dict(zip(PARTS, parts, strict=True))


def choose(work: Path, count: int) -> Chosen:
    """301 of the labelled images; along y, an image is transposed."""
    full: Any = FAMILY.preset("full")
    records, _ = finished(replace(full.simulation, count=count, doubled_share=0.0), work)
    both = np.array([list(record.targets.values()) for record in records])
    sigma = np.sqrt(np.log(1 + (DEVIATION / MEAN) ** 2))
    law = lognorm(sigma, scale=MEAN * np.exp(-(sigma**2) / 2))
    low, high = law.cdf([LEAST, MOST])
    wanted = law.ppf(low + (high - low) * (np.arange(IMAGES) + 0.5) / IMAGES)
    free = np.log(np.where(both > 0, both, 1e3))
    pores, labels = [], []
    # The rarest first: the largest have the fewest images near them.
    for value in np.log(wanted[::-1]):
        image, axis = np.unravel_index(np.argmin(np.abs(free - value)), free.shape)
        free[image] = np.inf
        own = parse_image(records[image].payload).pores
        pores.append(own.T if axis else own)
        labels.append(both[image][::-1] if axis else both[image])
    table = np.array(labels)
    return Chosen(pores, table[:, 0], table)


def relative_error(answers: Array, truth: Array) -> float:
    """Mean of |answer − truth|/truth."""
    return float(np.abs(answers / truth - 1).mean())


def run_trial(chosen: Chosen, setting: Setting, seed: int, epochs: int) -> dict[str, float]:
    """Relative errors of the three parts, at the pass with the least squared validation error."""
    torch.manual_seed(seed)
    images = torch.from_numpy(np.stack(chosen.pores)[:, None].astype(np.float32)) - 0.5
    parts = {name: torch.from_numpy(own) for name, own in chosen.part(seed).items()}
    centre, scale = chosen.de[parts["train"]].mean(), chosen.de[parts["train"]].std()
    truth = torch.tensor((chosen.de - centre) / scale, dtype=torch.float32)[:, None]
    network, train = two_layer(setting.network), parts["train"]
    optimiser = torch.optim.Adam(network.parameters(), lr=setting.learning_rate)
    best, since, errors = np.inf, 0, dict.fromkeys(PARTS, np.nan)
    for epoch in range(epochs):
        for rows in torch.split(train[torch.randperm(len(train))], BATCH):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(network(images[rows]), truth[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        answers = _answers(network, images)
        own = parts["validation"]
        left = float((answers[own] - truth[own]).square().mean())
        since += 1
        if left < best:
            best, since = left, 0
            de = answers.squeeze(1).double().numpy() * scale + centre
            errors = {name: relative_error(de[i], chosen.de[i]) for name, i in parts.items()}
            errors["epochs"] = epoch + 1
        if since == PATIENCE:
            break
    return errors


def _answers(network: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([network(part) for part in torch.split(images, 64)])


def rivals(chosen: Chosen, seed: int) -> Iterator[tuple[str, Array]]:
    """Answers of what is no network of the thesis, fitted to the same training images."""
    train = chosen.part(seed)["train"]
    de, phi = chosen.de, np.array([pores.mean() for pores in chosen.pores])
    yield "constant, mean", np.full_like(de, de[train].mean())
    yield "constant, geometric mean", np.full_like(de, np.exp(np.log(de[train]).mean()))
    line = np.polyfit(phi[train], np.log(de[train]), 1)
    yield "log De a line on porosity", np.exp(np.polyval(line, phi))
    blocks = [coarse_diffusion(pores).relative_diffusivity for pores in chosen.pores]
    yield "network of blocks, nothing learnt", np.array(blocks)
    yield "flux, one network", _flux(chosen, train, seed)


def _flux(chosen: Chosen, train: NDArray[np.int64], seed: int) -> Array:
    """The family's network, trained on both axes of the same images."""
    config: Any = FAMILY.preset("full")
    config = replace(config, training=replace(config.training, seed=seed, epochs=20))
    features = FAMILY.featurize([PoreImage(pores) for pores in chosen.pores], config)
    standard = torch.tensor(np.log10(chosen.both[train] + LOG_FLOOR), dtype=torch.float32)
    network, _ = FAMILY.fit_member(features.take(torch.from_numpy(train)), standard, config)
    with torch.no_grad():
        answers = network(features.batch(torch.arange(len(chosen.de))))
    return np.asarray(10 ** answers[:, 0].double().numpy() - LOG_FLOOR)


def kept_trials(path: Path) -> list[dict[str, Any]]:
    """Trials that are finished."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def row(name: str, errors: list[dict[str, float]]) -> str:
    """Means over the seeds, with their deviations."""
    cells = []
    for part in PARTS:
        values = np.array([each[part] for each in errors])
        cells.append(f"{100 * values.mean():.1f} ± {100 * values.std():.1f}")
    return f"| {name} | {' | '.join(cells)} |"


def main(
    work: Annotated[Path, typer.Option(help="Where labels are kept")],
    trials: Annotated[int, typer.Option(help="Settings of the grid")] = 2,
    settings: Annotated[Path | None, typer.Option(help="A JSON list of settings instead")] = None,
    seeds: Annotated[int, typer.Option(help="Splits of the two best and the rivals")] = 3,
    epochs: int = 60,
    count: int = 10_000,
) -> None:
    """Run what is missing, and print Markdown tables."""
    torch.set_num_threads(1)
    chosen, every = choose(work, count), grid()
    print(f"{len(chosen.de)} images: mean De {chosen.de.mean():.4f}, deviation ", end="")
    print(f"{chosen.de.std():.4f}, {chosen.de.min():.4f} to {chosen.de.max():.4f}; ", end="")
    print(f"{len(every)} settings of the grid leave pixels before the dense layers\n")
    others = np.random.default_rng(0).permutation(len(every))[: max(0, trials - len(BEST))]
    asked = [(each, seed) for each in BEST for seed in range(seeds)]
    asked += [(every[i], 0) for i in others]
    if settings:
        listed = json.loads(settings.read_text())
        asked = [(Setting(**each | {"filters": tuple(each["filters"])}), 0) for each in listed]
    path = work / "thesis.jsonl"
    done = {(json.dumps(t["setting"]), t["seed"], t["most"]): t for t in kept_trials(path)}
    found: list[tuple[Setting, int, dict[str, float]]] = []
    for setting, seed in asked:
        key = (json.dumps(asdict(setting)), seed, epochs)
        if key not in done:
            errors = run_trial(chosen, setting, seed, epochs)
            done[key] = {"setting": asdict(setting), "seed": seed, "most": epochs, **errors}
            with path.open("a") as stream:
                stream.write(json.dumps(done[key]) + "\n")
        found.append((setting, seed, {part: done[key][part] for part in PARTS}))
    print("| relative error, % | train | validation | test |\n|---|---|---|---|")
    for setting in BEST:
        own = [errors for each, _, errors in found if each == setting]
        if own:
            print(row(f"two layers, its best {setting.activation} setting", own))
    searched = [(errors, each) for each, seed, errors in found if seed == 0]
    if len(searched) > len(BEST):
        errors, best = min(searched, key=lambda pair: pair[0]["validation"])
        print(row(f"best of {len(searched)} settings by validation: {best}", [errors]))
    by_name: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        parts = chosen.part(seed)
        for name, answers in rivals(chosen, seed):
            errors = {part: relative_error(answers[i], chosen.de[i]) for part, i in parts.items()}
            by_name.setdefault(name, []).append(errors)
    for name, all_errors in by_name.items():
        print(row(name, all_errors))


if __name__ == "__main__":
    typer.run(main)
