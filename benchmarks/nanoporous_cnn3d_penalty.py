"""How well finite elements explain measured stiffness, by grid and by exponent of the solid share.

    python -m benchmarks.nanoporous_cnn3d_penalty --source gold_0.35.csv.gz --count 60

The correlation is taken over all structures and directions; every element is as soft as its solid
share to the exponent.
"""

from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from matops.core.data.record import Provenance, Record
from matops.families import get_family
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import density
from matops.simulators.continuum.effective import effective_stiffness_GPa

CASES = [(16, 5, 5.0), (20, 4, 1.0), (20, 4, 3.0), (20, 4, 5.0), (24, 3, 4.0), (32, 1, 1.0)]
"""Voxels along an edge, points along the edge of each, and the exponent."""


def _stiffness_GPa(task: tuple[Record, tuple[int, int, float]]) -> NDArray[np.float64]:
    record, (voxels, points, penalty) = task
    sample = parse_metal(record.payload)
    shares = density(sample.geometry.solid(voxels * points), voxels)
    return effective_stiffness_GPa(shares, METALS[sample.metal].stiffness_GPa, penalty).values


def main(
    source: Annotated[Path, typer.Option(help="Structures with measured stiffness")],
    count: Annotated[int, typer.Option(help="Structures; the first ones")] = 60,
    workers: int = 2,
) -> None:
    """Print a Markdown table of correlations over all structures and directions."""
    family = get_family("nanoporous_cnn3d")
    incoming = family.read(source, Provenance("", ""))
    records = list(islice((item for item in incoming if isinstance(item, Record)), count))
    measured = np.array([[r.targets[t.name] for t in family.targets] for r in records])
    print("| grid | points a voxel | exponent | correlation |\n|---|---|---|---|")
    with get_context("spawn").Pool(workers) as pool:
        for case in CASES:
            tasks = [(record, case) for record in records]
            found = np.array(list(track(pool.imap(_stiffness_GPa, tasks), total=len(tasks))))
            correlation = np.corrcoef(found.ravel(), measured.ravel())[0, 1]
            voxels, points, penalty = case
            print(f"| {voxels}³ | {points}³ | {penalty:g} | {correlation:.4f} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
