"""Effective diffusivity of volumes: labels, the network of blocks, and its correction learnt.

    python -m benchmarks.diffusivity_volumes --work WORK --count 500 --edge 32 --larger 50

Volumes of four generators, porosity 0.2 to 0.95, along x. The correction is the family's, of three
axes, trained on four fifths of the ``--count`` volumes that span, and asked about the others and
about ``--larger`` volumes of twice the edge, whose pieces have the same sizes in voxels. Labels
stay in WORK: what stops goes on there.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor

from matops.families.diffusivity_cnn2d.networks.flux import CELLS, FluxCorrection
from matops.physics.arrays import BoolArray
from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import Kind, StructureDesign, make_structure
from matops.simulators.porous_media.windows import VOLUME_EDGE

Array = NDArray[np.float64]
KINDS: tuple[Kind, ...] = ("quartet", "discs", "squares", "gaussian")
LEAST_SIZE, MOST_SIZE = 2.0, 5.0
RANGES = ((0.0, 0.1), (0.1, 0.2), (0.2, 1.01))
WIDTH, BLOCKS, BATCH, RATE = 16, 1, 4, 3e-3


def volume(edge: int, index: int) -> BoolArray:
    """Volume number ``index``; of spheres, cubes, blurred noise and grown solid in turn."""
    rng = np.random.default_rng([3, edge, index])
    size = float(np.exp(rng.uniform(np.log(LEAST_SIZE), np.log(MOST_SIZE))))
    porosity = float(rng.uniform(0.2, 0.95))
    kind = KINDS[index % len(KINDS)]
    return make_structure(StructureDesign(kind, (edge,) * 3, porosity, size, seed=(3, edge, index)))


def labels(work: Path, edge: int, count: int) -> list[tuple[float, float]]:
    """De/D0 along x and processor seconds of each volume."""
    path = work / f"volumes-{edge}.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    with path.open("a") as stream:
        for index in range(len(found), count):
            pores, start = volume(edge, index), time.process_time()
            de = effective_diffusivity(pores, 2).relative_diffusivity
            found.append([de, time.process_time() - start])
            stream.write(json.dumps(found[-1]) + "\n")
            stream.flush()
    return [(de, seconds) for de, seconds in found[:count]]


@dataclass(frozen=True)
class Seen:
    """A volume as the correction sees it."""

    voxels: Tensor  # shape (8, h, d, w)
    shares: Tensor  # times blocks, shape (3, h, d, w)
    coarse: float  # De/D0 by the network of blocks
    seconds: float  # processor time of the network of blocks


def seen(pores: BoolArray) -> Seen:
    """What the network of blocks makes of a volume that spans."""
    start = time.process_time()
    coarse = coarse_diffusion(pores)
    seconds = time.process_time() - start
    h, d, w = coarse.shares.shape[1:]
    cells = coarse.carrying.reshape(h, VOLUME_EDGE, d, VOLUME_EDGE, w, VOLUME_EDGE)
    voxels = cells.transpose(1, 3, 5, 0, 2, 4).reshape(CELLS[3], h, d, w)
    shares = coarse.shares * (h * d * w)
    return Seen(
        torch.from_numpy(voxels.astype(np.float32)),
        torch.from_numpy(shares.astype(np.float32)),
        coarse.relative_diffusivity,
        seconds,
    )


def mirrored(voxels: Tensor, shares: Tensor, axes: list[int]) -> tuple[Tensor, Tensor]:
    """A batch reversed along some of its three axes: voxels within blocks, too."""
    count, _, *blocks = voxels.shape
    within = voxels.reshape(count, *(VOLUME_EDGE,) * 3, *blocks).flip([axis + 1 for axis in axes])
    return within.flatten(1, 3).flip([axis + 2 for axis in axes]), shares.flip(
        [axis + 2 for axis in axes]
    )


def learn(samples: list[Seen], de: Array, epochs: int) -> FluxCorrection:
    """A correction of log De, by absolute errors."""
    torch.manual_seed(0)
    network = FluxCorrection(WIDTH, BLOCKS, dimensions=3)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    steps = epochs * -(-len(samples) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    wanted = torch.tensor(np.log(de / [sample.coarse for sample in samples]), dtype=torch.float32)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(samples)), BATCH):
            voxels, shares = (
                torch.stack([getattr(samples[i], name) for i in rows.tolist()])
                for name in ("voxels", "shares")
            )
            axes = torch.nonzero(torch.rand(3) < 0.5).flatten().tolist()
            off = network(*mirrored(voxels, shares, axes)) - wanted[rows]
            optimiser.zero_grad()
            off.abs().mean().backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def answers(network: FluxCorrection, samples: list[Seen]) -> Array:
    """De/D0 with the correction."""
    with torch.no_grad():
        learnt = [float(network(s.voxels[None], s.shares[None])) for s in samples]
    return np.array([s.coarse for s in samples]) * np.exp(learnt)


def row(name: str, de: Array, answer: Array, seconds: float) -> str:
    """Relative errors by range, and the share within 5 %."""
    off = np.abs(answer / de - 1)
    parts = [off[(de > low) & (de <= high)] for low, high in RANGES]
    cells = [f"{off.mean():.4f}", *(f"{part.mean():.4f}" for part in parts)]
    return f"| {name} | {' | '.join(cells)} | {off.max():.3f} | {seconds:.2f} |"


def main(
    work: Annotated[Path, typer.Option(help="Where labels are kept")],
    count: int = 500,
    edge: int = 32,
    larger: Annotated[int, typer.Option(help="Volumes of twice the edge")] = 50,
    epochs: int = 12,
) -> None:
    """Print Markdown tables."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    network: FluxCorrection | None = None
    for own, number in ((edge, count), (2 * edge, larger)):
        table = np.array(labels(work, own, number))
        spanning = np.flatnonzero(table[:, 0] > 0)
        samples = [seen(volume(own, i)) for i in spanning.tolist()]
        de, trained = table[spanning, 0], 0
        if network is None:
            trained = len(spanning) * 4 // 5
            network = learn(samples[:trained], de[:trained], epochs)
        de, tested = de[trained:], samples[trained:]
        print(f"\n{number} volumes of {own}³, {len(spanning)} span; {table[:, 1].mean():.2f} s of ")
        print(f"processor time for a label; {trained} train, {len(de)} are asked\n")
        print("| model | mean RE | De ≤ 0.1 | to 0.2 | above | largest | s a volume |")
        print("|---|---|---|---|---|---|---|")
        blocks, blocks_s = np.array([s.coarse for s in tested]), [s.seconds for s in tested]
        print(row("network of blocks, nothing learnt", de, blocks, float(np.mean(blocks_s))))
        start = time.process_time()
        learnt = answers(network, tested)
        added = (time.process_time() - start) / len(tested)
        print(row("with the correction learnt", de, learnt, float(np.mean(blocks_s)) + added))


if __name__ == "__main__":
    typer.run(main)
