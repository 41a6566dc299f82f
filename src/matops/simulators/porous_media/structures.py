"""Porous structures on grids of any size, in two and three dimensions, reproducible by seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from matops.physics.arrays import BoolArray
from matops.simulators.porous_media.bodies import (
    overlapping_cubes,
    overlapping_fibres,
    overlapping_spheres,
    packed_spheres,
)
from matops.simulators.porous_media.fields import gaussian_field, quartet_structure
from matops.simulators.porous_media.filling import Filling

Kind = Literal["quartet", "discs", "squares", "gaussian", "fibres", "packing"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_CELLS = 2**26
LARGEST_ANISOTROPY = 10.0
DENSEST_PACKING = 0.5
"""Solid fraction, below the 0.547 of discs and above the 0.382 of spheres at which random places
run out: Feder, J. Theor. Biol. 87, 237 (1980). Spheres beyond their own end in an error."""


@dataclass(frozen=True)
class StructureDesign:
    """What a structure is made from.

    In three dimensions discs are spheres and squares are cubes. Porosity is exact to a cell for
    ``quartet`` and ``gaussian``; of the others, the last body may overshoot.
    """

    kind: Kind
    shape: tuple[int, ...]  # cells along each axis, two or three; the last is x
    porosity: float  # share of pores, above 0 and below 1
    # cells: radius of discs and of packed discs, half edge of squares, half width of fibres,
    # deviation of the Gaussian blur, distance between the cores of a quartet structure
    size: float
    anisotropy: float = 1.0  # how much longer along x than across it
    periodic: bool = True  # whether the structure goes on beyond its opposite face
    seed: tuple[int, ...] = (0,)  # of its random numbers

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; known are {', '.join(KINDS)}")
        if len(self.shape) not in (2, 3) or min(self.shape) < 1:
            raise ValueError(f"a shape has two or three edges of 1 or more cells: {self.shape}")
        if np.prod(np.array(self.shape, dtype=float)) > MOST_CELLS:
            raise ValueError(f"{self.shape} has more than {MOST_CELLS} cells")
        if not 0 < self.porosity < 1:
            raise ValueError(f"porosity must lie between 0 and 1, not {self.porosity:g}")
        if self.kind == "packing" and self.porosity < 1 - DENSEST_PACKING:
            raise ValueError(
                f"porosity of a random packing must be {1 - DENSEST_PACKING:g} or more, not "
                f"{self.porosity:g}"
            )
        if not 0.5 <= self.size <= min(self.shape) / 2:
            raise ValueError(
                f"size must lie between half a cell and half the shortest edge, not {self.size:g}"
            )
        if not 1 / LARGEST_ANISOTROPY <= self.anisotropy <= LARGEST_ANISOTROPY:
            raise ValueError(
                f"anisotropy must lie between {1 / LARGEST_ANISOTROPY:g} and "
                f"{LARGEST_ANISOTROPY:g}, not {self.anisotropy:g}"
            )


Maker = Callable[[np.random.Generator, Filling], BoolArray]
"""The solid, from random numbers."""

MAKERS: Mapping[Kind, Maker] = {
    "quartet": quartet_structure,
    "discs": overlapping_spheres,
    "squares": overlapping_cubes,
    "gaussian": gaussian_field,
    "fibres": overlapping_fibres,
    "packing": packed_spheres,
}


def make_structure(design: StructureDesign) -> BoolArray:
    """The pores of a structure, True where a substance diffuses, of the design's shape.

    Raises:
        ValueError: a packing ran out of places.
    """
    stretch = design.anisotropy ** (1 / len(design.shape))
    across = design.size / stretch
    sizes = (*(across for _ in design.shape[1:]), across * design.anisotropy)
    filling = Filling(design.shape, 1 - design.porosity, sizes, design.periodic)
    return ~MAKERS[design.kind](np.random.default_rng(design.seed), filling)
