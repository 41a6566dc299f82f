"""Structures from random fields: thresholded Gaussian noise, and quartet structure generation."""

import numpy as np
from scipy.ndimage import gaussian_filter

from matops.physics.arrays import BoolArray, FloatArray, IntArray
from matops.simulators.porous_media.filling import Filling

BLUR_REACH = 4.0
"""Deviations at which the blur of Gaussian noise ends."""
AXIAL_GROWTH, DIAGONAL_GROWTH = 0.02, 0.005
"""Probability with which solid grows into a neighbour in a round; a quarter across a corner."""


def gaussian_field(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Solid where blurred white noise is large; ``sizes`` are the deviations of the blur.

    Source: Cahn, J. Chem. Phys. 42, 93 (1965).
    """
    margin = 0 if filling.periodic else int(np.ceil(BLUR_REACH * max(filling.sizes)))
    noise = rng.standard_normal([edge + 2 * margin for edge in filling.shape])
    field = gaussian_filter(noise, filling.sizes, mode="wrap", truncate=BLUR_REACH)
    inner = field[tuple(slice(margin, margin + edge) for edge in filling.shape)]
    return _largest(inner, round(filling.solid_fraction * inner.size))


def quartet_structure(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Solid that grows from random cores into its neighbours, in rounds, until it fills enough.

    ``sizes`` are the mean distances between cores; growth along an axis is in proportion to its.

    Source: Wang, Wang, Pan and Chen, Phys. Rev. E 75, 036702 (2007).
    """
    shape, sizes, solid_fraction = filling.shape, filling.sizes, filling.solid_fraction
    target = round(solid_fraction * np.prod(shape))
    core_probability = 1 / float(np.prod(sizes))
    solid = rng.random(shape) < core_probability * solid_fraction
    if solid.sum() > target or not solid.any():
        chosen = rng.choice(solid.size, max(1, min(target, int(solid.sum()))), replace=False)
        solid = np.zeros(shape, dtype=bool)
        solid.flat[chosen] = True
    mean_size = float(np.prod(sizes) ** (1 / len(sizes)))
    directions = [
        (step, np.float32(np.log1p(-_growth(step, sizes, mean_size))))
        for step in np.argwhere(np.ones([3] * len(shape))) - 1
        if 0 < np.abs(step).sum() <= 2
    ]
    while (lacking := target - int(solid.sum())) > 0:
        # All neighbours at once: none grows into a cell with the product of their failures.
        failure = np.zeros(shape, dtype=np.float32)
        for step, log_failure in directions:
            failure += log_failure * _moved(solid, step, filling.periodic)
        cells = np.flatnonzero((failure < 0) & ~solid)
        new = cells[rng.random(len(cells)) < -np.expm1(failure.flat[cells])]
        solid.flat[new if len(new) <= lacking else rng.choice(new, lacking, replace=False)] = True
    return solid


def _growth(step: IntArray, sizes: tuple[float, ...], mean_size: float) -> float:
    """Probability of growth by a step, in proportion to the size along it."""
    along = [size / mean_size for size, moved in zip(sizes, step.tolist(), strict=True) if moved]
    growth = AXIAL_GROWTH if len(along) == 1 else DIAGONAL_GROWTH
    return min(0.5, growth * float(np.mean(along)))


def _moved(solid: BoolArray, step: IntArray, periodic: bool) -> BoolArray:
    moved = np.roll(solid, step, axis=tuple(range(solid.ndim)))
    if periodic:
        return moved
    for axis, by in enumerate(step):
        if by:
            np.moveaxis(moved, axis, 0)[0 if by > 0 else -1] = False
    return moved


def _largest(field: FloatArray, count: int) -> BoolArray:
    """The cells with the ``count`` largest values."""
    chosen = np.zeros(field.size, dtype=bool)
    chosen[
        np.argpartition(field.ravel(), field.size - count)[field.size - count :] if count else []
    ] = True
    return chosen.reshape(field.shape)
