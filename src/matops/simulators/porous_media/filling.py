"""How much solid a generator of structures is to make, where, and how large its pieces are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Filling:
    """What all generators are told."""

    shape: tuple[int, ...]  # cells along each axis
    solid_fraction: float
    sizes: tuple[float, ...]  # along each axis, in cells; of what, the generator says
    periodic: bool  # whether the structure goes on beyond its opposite face
