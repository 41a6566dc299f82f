"""Our finite volumes beside solvers that are not ours: what they say, and how long they take.

    python -m benchmarks.diffusivity_solvers --count 200 [--package PACKAGE]

The second ones are lattice Boltzmann (D2Q5, of the tests) and taufactor, which is not among the
dependencies, since it brings VTK: `pip install --no-deps taufactor==1.2.1`, ipython, matplotlib.
Taufactor runs on the CPU, in its single precision, to several limits of its convergence criterion,
the relative difference of the largest and the least flux through a layer; 0.01 is its default.
PACKAGE is a released model, which answers both axes of images at once, as a server does; its time
is halved, as the table is about one axis. Then ours against SciPy's
plain sparse solve on larger grids.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spsolve

from matops.artifacts.model.package import load_checked
from matops.core.predictor import Predictor
from matops.families.diffusivity_cnn2d.config import SimulationConfig
from matops.families.diffusivity_cnn2d.images.pore_image import write_payload
from matops.families.diffusivity_cnn2d.simulation import draw_design
from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.connectivity import spanning_pores
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import StructureDesign, make_structure
from tests.support.lattice_boltzmann import lattice_boltzmann_diffusivity

Pores = NDArray[np.bool_]
Solve = Callable[[Pores], float]
SolveAll = Callable[[list[Pores]], NDArray[np.float64]]
RANGES = ((0.0, 0.1), (0.1, 0.2), (0.2, 1.01))


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


def by_taufactor(limit: float, pores: Pores) -> float:
    """De/D0 along x by taufactor."""
    import taufactor

    solver = taufactor.Solver(pores.T[:, :, None].astype(float), device="cpu")
    solver.solve(verbose=False, conv_crit=limit)
    return float(np.ravel(solver.D_eff)[0])


def by_blocks(pores: Pores) -> float:
    """De/D0 along x by the network of blocks."""
    return coarse_diffusion(pores).relative_diffusivity


def by_model(predictor: Predictor, images: list[Pores]) -> NDArray[np.float64]:
    """De/D0 along x by a released model, from payloads."""
    answers = predictor.predict([write_payload(pores) for pores in images])
    return np.array([answer.estimates["D_x"].value for answer in answers], dtype=float)


def each(solve: Solve) -> SolveAll:
    """One image after the other."""
    return lambda images: np.array([solve(pores) for pores in images])


def timed(solve: SolveAll, images: list[Pores]) -> tuple[NDArray[np.float64], float]:
    """Answers, and processor seconds an image."""
    start = time.process_time()
    answers = solve(images)
    return answers, (time.process_time() - start) / len(images)


def drawn(count: int, edge: int) -> list[Pores]:
    """Spanning pores of the first images that span along x."""
    settings = SimulationConfig(seed=7, edge=edge)
    images: list[Pores] = []
    for index in range(4 * count):
        pores = spanning_pores(make_structure(draw_design(settings, index)), 1)
        if pores.any() and len(images) < count:
            images.append(pores)
    return images


def print_solvers(solvers: dict[str, tuple[SolveAll, float]], images: list[Pores]) -> None:
    """How far each is from ours, and its time over ours; that of both axes has a half."""
    reference, ours_s = timed(each(ours), images)
    ranges = [(reference > low) & (reference <= high) for low, high in RANGES]
    print(f"{len(images)} images that span, {' + '.join(str(own.sum()) for own in ranges)} by De; ")
    print(f"ours takes {1e3 * ours_s:.1f} ms of processor time an axis\n")
    print("| solver | mean | mean size | De ≤ 0.1 | to 0.2 | above | largest | times our time |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (solve, share) in solvers.items():
        answers, seconds = timed(solve, images)
        off = answers / reference - 1
        cells = [f"{off.mean():+.1e}", f"{np.abs(off).mean():.1e}"]
        cells += [f"{np.abs(off[own]).mean():.1e}" for own in ranges]
        cells += [f"{np.abs(off).max():.1e}", f"{share * seconds / ours_s:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_grids(shapes: list[tuple[int, ...]]) -> None:
    """The time of SciPy's plain solve over ours by grid; ours runs once before it is timed."""
    print("\n| grid | unknowns | plain sparse solve, times our time | difference |")
    print("|---|---|---|---|")
    for shape in shapes:
        pores = make_structure(StructureDesign("gaussian", shape, 0.7, 4.0, seed=(1,)))
        grids = [pores] * (5 if max(shape) == 128 else 1)
        ours(pores)
        answers, seconds = timed(each(ours), grids)
        others, plain_s = timed(each(plain), grids)
        off, name = abs(others[0] / answers[0] - 1), " × ".join(map(str, shape))
        count = int(spanning_pores(pores, pores.ndim - 1).sum())
        print(f"| {name} | {count:,} | {plain_s / seconds:.1f} | {off:.1e} |", flush=True)


def main(
    count: Annotated[int, typer.Option(help="Images that span, of four kinds")] = 200,
    edge: int = 64,
    taufactor: bool = True,
    package: Annotated[Path | None, typer.Option(help="Directory of a model package")] = None,
    largest: Annotated[bool, typer.Option(help="512² and 64³ too")] = False,
) -> None:
    """Print two Markdown tables."""
    solvers: dict[str, tuple[SolveAll, float]] = {
        f"lattice Boltzmann, relaxation {r:g}": (
            each(partial(lattice_boltzmann_diffusivity, relaxation=r)),
            1.0,
        )
        for r in (1.0, 0.7, 1.5)
    }
    solvers["plain sparse solve"] = each(plain), 1.0
    if taufactor:
        for limit in (0.3, 0.1, 0.01, 0.001):
            solvers[f"taufactor, limit {limit:g}"] = each(partial(by_taufactor, limit)), 1.0
    solvers["network of blocks"] = each(by_blocks), 1.0
    if package:
        solvers["released model"] = partial(by_model, load_checked(package)), 0.5
    images = drawn(count, edge)
    if count:
        for solve, _ in solvers.values():
            solve(images[:1])  # once, since tables and graphs are made by the first call
        print_solvers(solvers, images)
    print_grids([(128, 128), *([(512, 512), (64, 64, 64)] if largest else [])])


if __name__ == "__main__":
    typer.run(main)
