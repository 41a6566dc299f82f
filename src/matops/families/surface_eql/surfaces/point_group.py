"""What the point group of a surface forbids.

A four-fold axis of the surface, (100), leaves no deviator and no two-fold stiffness; a three-fold
one, (111), leaves no four-fold stiffness either.
"""

from collections.abc import Mapping

AXES: Mapping[str, tuple[int, int, int]] = {"100": (1, 0, 0), "111": (1, 1, 1)}

VANISH: Mapping[str, tuple[str, ...]] = {
    "R": ("100", "111"),
    "R0": ("111",),
    "R1": ("100", "111"),
}
"""Where invariants vanish; those that are not named do nowhere."""
