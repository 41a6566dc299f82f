"""Our finite volumes beside solvers that are not ours: what they say, and how long they take.

    python -m benchmarks.diffusivity_solvers --count 200

The second ones are lattice Boltzmann (D2Q5, of the tests) and taufactor, which is not among the
dependencies, since it brings VTK: `pip install --no-deps taufactor==1.2.1` and ipython. The times
of taufactor are those of its CPU path. Then ours against SciPy's plain sparse solve, as ratios.
"""

import time
from collections.abc import Callable
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spsolve

from matops.families.diffusivity_cnn2d.config import SimulationConfig
from matops.families.diffusivity_cnn2d.simulation import draw_design
from matops.simulators.porous_media.connectivity import spanning_pores
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import StructureDesign, make_structure
from tests.support.lattice_boltzmann import lattice_boltzmann_diffusivity

Pores = NDArray[np.bool_]
Solve = Callable[[Pores], float]


def ours(pores: Pores) -> float:
    """De/D0 along the last axis by our finite volumes."""
    return effective_diffusivity(pores, pores.ndim - 1).relative_diffusivity


def plain(pores: Pores) -> float:
    """The same equations as a matrix of all spanning pores, by SciPy's direct solver as it is."""
    pores = np.moveaxis(spanning_pores(pores, pores.ndim - 1), -1, 0)
    if not pores.any():
        return 0.0
    number = np.full(pores.shape, -1)
    count = int(pores.sum())
    number[pores] = np.arange(count)
    rows, columns = [], []
    for axis in range(pores.ndim):
        moved = np.moveaxis(number, axis, 0)
        both = (moved[:-1] >= 0) & (moved[1:] >= 0)
        rows += [moved[:-1][both], moved[1:][both]]
        columns += [moved[1:][both], moved[:-1][both]]
    inlet, outlet = number[0][pores[0]], number[-1][pores[-1]]
    diagonal = np.bincount(np.concatenate(rows), minlength=count).astype(float)
    diagonal += 2.0 * np.isin(np.arange(count), inlet) + 2.0 * np.isin(np.arange(count), outlet)
    own = np.arange(count)
    values = np.concatenate([np.full(sum(map(len, rows)), -1.0), diagonal])
    places = np.concatenate([*rows, own]), np.concatenate([*columns, own])
    matrix = csc_array(coo_array((values, places), shape=(count, count)))
    load = np.zeros(count)
    load[inlet] = 2.0
    field = spsolve(matrix, load)
    return float(2.0 * (1 - field[inlet]).sum() * len(pores) / (pores.size / len(pores)))


def by_taufactor(pores: Pores) -> float:
    """De/D0 along x by taufactor, in double precision; its convergence criterion at 1e-3."""
    import taufactor
    import torch

    image = pores.T[:, :, None].astype(float)
    solver = taufactor.Solver(image, precision=torch.double, device="cpu")
    solver.solve(verbose=False, conv_crit=1e-3)
    return float(np.ravel(solver.D_eff)[0])


def timed(solve: Solve, images: list[Pores]) -> tuple[NDArray[np.float64], float]:
    """Answers, and processor seconds an image."""
    start = time.process_time()
    answers = np.array([solve(pores) for pores in images])
    return answers, (time.process_time() - start) / len(images)


def main(
    count: Annotated[int, typer.Option(help="Images that span, of four kinds")] = 200,
    edge: int = 64,
    taufactor: bool = True,
    largest: Annotated[bool, typer.Option(help="512² and 64³ too")] = False,
) -> None:
    """Print two Markdown tables."""
    settings = SimulationConfig(seed=7, edge=edge)
    images: list[Pores] = []
    for index in range(4 * count):
        pores = spanning_pores(make_structure(draw_design(settings, index)), 1)
        if pores.any() and len(images) < count:
            images.append(pores)
    reference, ours_s = timed(ours, images)
    solvers: dict[str, Solve] = {
        f"lattice Boltzmann, relaxation {r:g}": lambda pores, r=r: (  # type: ignore[misc]
            lattice_boltzmann_diffusivity(pores, r)
        )
        for r in (1.0, 0.7, 1.5)
    }
    solvers["plain sparse solve"] = plain
    if taufactor:
        solvers["taufactor"] = by_taufactor
    print(f"{len(images)} images of {edge}² that span; ours takes {1e3 * ours_s:.1f} ms\n")
    print("| solver | mean difference | mean absolute | largest | times our time |")
    print("|---|---|---|---|---|")
    for name, solve in solvers.items():
        answers, seconds = timed(solve, images)
        off = answers / reference - 1
        cells = f"{off.mean():+.2e} | {np.abs(off).mean():.2e} | {np.abs(off).max():.2e}"
        print(f"| {name} | {cells} | {seconds / ours_s:.1f} |", flush=True)
    print("\n| grid | plain sparse solve, times our time | difference |\n|---|---|---|")
    for shape in ((128, 128), *(((512, 512), (64, 64, 64)) if largest else ())):
        design = StructureDesign("gaussian", shape, 0.7, 4.0, seed=(1,))
        grids = [make_structure(design)] * (5 if max(shape) == 128 else 1)
        answers, seconds = timed(ours, grids)
        others, plain_s = timed(plain, grids)
        off = abs(others[0] / answers[0] - 1)
        name = " × ".join(map(str, shape))
        print(f"| {name} | {plain_s / seconds:.1f} | {off:.1e} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
