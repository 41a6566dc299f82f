"""Effective properties of porous structures: ours against a plain sparse conjugate gradient.

    python -m benchmarks.continuum_speed

Both minimise the same energies of the same levelled-wave structures on one thread; the plain
solver assembles the sparse matrix and stops when its energies are as exact as ours.
"""

import time
from collections.abc import Callable
from itertools import product
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import cg

from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors
from matops.simulators.continuum.effective import effective_conductivity, effective_stiffness_GPa
from matops.simulators.continuum.element import CORNERS, conduction_element, stiffness_element
from matops.simulators.continuum.solver import Effective

Array = NDArray[np.float64]
GOLD = METALS["Au"].stiffness_GPa
PENALTY = 5.0
POINTS = 4
"""Points along an edge of a voxel that give its solid share."""
EXACT = 2e-5
"""Tolerance of the solution that both are held against."""
ACCEPTED = 5e-3
"""Relative error of a property that both must reach."""


def structure(seed: int, n: int) -> Array:
    """Solid shares of a structure of 30 waves at solid fraction 0.35, shape (n, n, n)."""
    hkl = wave_vectors(9)
    phases_rad = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(hkl))
    solid = field_on_grid(hkl, phases_rad, n * POINTS) < threshold(0.35)
    return np.asarray(solid.reshape(n, POINTS, n, POINTS, n, POINTS).mean((1, 3, 5)))


def plain_solution(weight: Array, element: Array, c: int, tolerance: float) -> Array:
    """Energies of unit gradients along x, y, z by SciPy's conjugate gradient, shape (3,)."""
    n, used = len(weight), np.argwhere(weight > 1e-6)
    points = (used[:, None] + CORNERS) % n
    nodes = (points[..., 0] * n + points[..., 1]) * n + points[..., 2]
    names, nodes = np.unique(nodes, return_inverse=True)
    dofs = (nodes.reshape(-1, 8)[..., None] * c + np.arange(c)).reshape(len(used), -1)
    factor = weight[tuple(used.T)]
    rows, columns = np.broadcast_arrays(dofs[:, :, None], dofs[:, None, :])
    values = (factor[:, None, None] * element).ravel()
    size = len(names) * c
    matrix = coo_array((values, (rows.ravel(), columns.ravel())), (size, size)).tocsr()
    energies = []
    for axis in range(3):
        unit = np.zeros((8, c))
        unit[:, axis if c == 3 else 0] = CORNERS[:, axis]
        force = np.zeros(size)
        np.add.at(force, dofs, -factor[:, None] * (element @ unit.ravel()))
        found, _ = cg(matrix, force, rtol=tolerance, maxiter=5000)
        whole = factor.sum() * unit.ravel() @ element @ unit.ravel()
        energies.append((whole - force @ found) / n**3)
    return np.array(energies)


def timed(run: Callable[[], Array]) -> tuple[float, Array]:
    """Seconds of a call, and its result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def plain_tolerance(weight: Array, element: Array, c: int, exact: Array) -> float:
    """The loosest residual with which the plain solver is as exact as asked."""
    for tolerance in (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4):
        found = plain_solution(weight, element, c, tolerance)
        if np.abs(found / exact - 1).max() < ACCEPTED:
            return tolerance
    return 1e-5


def compare(
    ours: Callable[[Array, float], Effective], element: Array, c: int, n: int, count: int
) -> tuple[float, float, float]:
    """Median seconds of ours and of the plain solver, and our largest relative error."""
    seconds, errors = [], []
    for seed in range(count):
        density = structure(seed, n)
        weight = density**PENALTY
        exact = ours(density, EXACT).values
        mine, found = timed(lambda density=density: ours(density, 1e-3).values)  # type: ignore[misc]
        tolerance = plain_tolerance(weight, element, c, exact)
        theirs, _ = timed(
            lambda weight=weight, t=tolerance: plain_solution(weight, element, c, t)  # type: ignore[misc]
        )
        seconds.append((mine, theirs))
        errors.append(float(np.abs(found / exact - 1).max()))
    mine, theirs = np.median(seconds, axis=0)
    return float(mine), float(theirs), max(errors)


def main(
    count: Annotated[int, typer.Option(help="Structures")] = 8,
    edges: Annotated[list[int], typer.Option(help="Voxels along an edge; repeatable")] = [20, 32],  # noqa: B006
) -> None:
    """Print a Markdown table of times and ratios."""
    torch.set_num_threads(1)
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    print("| property | grid | device | ours, s | plain, s | ratio | our largest error |")
    print("|---|---|---|---|---|---|---|")
    for n, device in product(edges, devices):
        problems: dict[str, tuple[Callable[[Array, float], Effective], Array, int]] = {
            "stiffness": (
                lambda d, t, on=device: effective_stiffness_GPa(d, GOLD, PENALTY, t, on),  # type: ignore[misc]
                stiffness_element(GOLD),
                3,
            ),
            "conductivity": (
                lambda d, t, on=device: effective_conductivity(d, PENALTY, t, on),  # type: ignore[misc]
                conduction_element(),
                1,
            ),
        }
        for name, (ours, element, c) in problems.items():
            mine, theirs, error = compare(ours, element, c, n, count)
            print(
                f"| {name} | {n}³ | {device} | {mine:.3f} | {theirs:.3f} | "
                f"{theirs / mine:.1f} | {error:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
