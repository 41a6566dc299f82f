"""Structures of solid bodies at random places, one body after the other until they fill enough."""

from collections.abc import Callable, Sequence

import numpy as np

from matops.physics.arrays import BoolArray, FloatArray
from matops.simulators.porous_media.filling import Filling

SIZE_SPREAD = 0.3
"""Sizes of one structure's bodies are uniform between 1 − this and 1 + this of their mean."""
FIBRE_LENGTH = 0.9
"""Of the grid's shortest edge; a longer fibre would meet itself."""
MOST_ATTEMPTS = 20_000
"""Places in a row at which a packed sphere doesn't fit: then there is none left, or nearly so."""

Inside = Callable[[list[FloatArray]], BoolArray]
"""Whether a cell belongs to a body, from its offset from the body's centre along each axis."""


def overlapping_spheres(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Discs or spheres that may overlap; ellipses where sizes differ. ``sizes`` are radii."""

    def body() -> tuple[list[float], Inside]:
        scale = _scale(rng)
        radii = [scale * size for size in filling.sizes]
        return radii, _ellipsoid(radii)

    return _filled(rng, filling, body)


def _ellipsoid(radii: Sequence[float]) -> Inside:
    def inside(offsets: list[FloatArray]) -> BoolArray:
        return np.asarray(sum((d / r) ** 2 for d, r in zip(offsets, radii, strict=True)) < 1)

    return inside


def overlapping_cubes(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Squares or cubes along the axes that may overlap. ``sizes`` are half edges."""

    def body() -> tuple[list[float], Inside]:
        scale = _scale(rng)
        half = [scale * size for size in filling.sizes]

        def inside(offsets: list[FloatArray]) -> BoolArray:
            within: BoolArray = np.asarray(True)
            for offset, reach in zip(offsets, half, strict=True):
                within = within & (np.abs(offset) < reach)
            return within

        return half, inside

    return _filled(rng, filling, body)


def overlapping_fibres(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Straight fibres with round ends that may overlap; they turn towards the longer axes.

    The geometric mean of ``sizes`` is their half width, and these stretch their directions.
    """
    sizes = filling.sizes
    half_width = float(np.prod(sizes) ** (1 / len(sizes)))
    half_length = FIBRE_LENGTH * min(filling.shape) / 2 - half_width

    def body() -> tuple[list[float], Inside]:
        direction = rng.normal(size=len(sizes)) * sizes
        direction /= np.linalg.norm(direction)
        half = max(half_length, 0.0)
        extents = [half * abs(d) + half_width for d in direction.tolist()]

        def inside(offsets: list[FloatArray]) -> BoolArray:
            along = np.clip(
                sum(o * d for o, d in zip(offsets, direction, strict=True)), -half, half
            )
            squared = sum((o - along * d) ** 2 for o, d in zip(offsets, direction, strict=True))
            return np.asarray(squared < half_width**2)

        return extents, inside

    return _filled(rng, filling, body)


def packed_spheres(rng: np.random.Generator, filling: Filling) -> BoolArray:
    """Equal discs or spheres that don't overlap, put at random places one after the other.

    Raises:
        ValueError: there is no place left before they fill enough.

    Source: random sequential adsorption, Feder, J. Theor. Biol. 87, 237 (1980).
    """
    sizes, periodic = filling.sizes, filling.periodic
    edges, centres = np.array(filling.shape, dtype=float), np.empty((0, len(sizes)))
    solid, attempts = np.zeros(filling.shape, dtype=bool), 0
    while solid.mean() < filling.solid_fraction:
        centre = rng.uniform(0, edges)
        apart = np.abs(centres - centre)
        if periodic:
            apart = np.minimum(apart, edges - apart)
        if (((apart / (2 * np.array(sizes))) ** 2).sum(axis=1) >= 1).all():
            centres, attempts = np.vstack([centres, centre]), 0
            _stamp(solid, centre, sizes, _ellipsoid(sizes), periodic)
        elif (attempts := attempts + 1) == MOST_ATTEMPTS:
            raise ValueError(f"no place is left for another of {len(centres)} packed bodies")
    return solid


def _scale(rng: np.random.Generator) -> float:
    return float(rng.uniform(1 - SIZE_SPREAD, 1 + SIZE_SPREAD))


def _filled(
    rng: np.random.Generator, filling: Filling, body: Callable[[], tuple[list[float], Inside]]
) -> BoolArray:
    """Bodies until they fill enough; open grids have centres outside, too."""
    shape, periodic = filling.shape, filling.periodic
    solid = np.zeros(shape, dtype=bool)
    while solid.mean() < filling.solid_fraction:
        extents, inside = body()
        margin = np.zeros(len(shape)) if periodic else np.array(extents)
        _stamp(solid, rng.uniform(-margin, shape + margin), extents, inside, periodic)
    return solid


def _stamp(
    solid: BoolArray,
    centre: FloatArray,
    extents: Sequence[float],
    inside: Inside,
    periodic: bool,
) -> None:
    """Mark the cells whose centres lie in a body, within its extents along each axis."""
    cells, offsets = [], []
    for axis, (middle, extent) in enumerate(zip(centre.tolist(), extents, strict=True)):
        edge = solid.shape[axis]
        reach = min(extent, edge / 2 - 1e-9) if periodic else extent
        own = np.arange(
            np.ceil(middle - reach - 0.5), np.floor(middle + reach - 0.5) + 1, dtype=int
        )
        if not periodic:
            own = own[(own >= 0) & (own < edge)]
        cells.append(own % edge)
        offset_shape = [-1 if a == axis else 1 for a in range(solid.ndim)]
        offsets.append((own + 0.5 - middle).reshape(offset_shape))
    if all(len(own) for own in cells):
        solid[np.ix_(*cells)] |= inside(offsets)
