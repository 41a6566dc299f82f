"""The lattice of an fcc surface: its own periods, its layers, and the frame they are told in."""

from dataclasses import dataclass
from math import gcd

import numpy as np

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray, IntArray
from matops.simulators.lammps.fcc import PRIMITIVE

Miller = tuple[int, int, int]


@dataclass(frozen=True)
class SurfaceLattice:
    """An fcc lattice seen from a surface, for a cube of unit edge; rows are vectors.

    Vectors are in the frame of the surface: 3 is the normal [hkl], 1 is [001] × [hkl] (which is
    [-1-10] turned into the plane: [-kh0]), 2 is 3 × 1. Where the normal is [001], 1 is [100].
    """

    frame: FloatArray  # (3, 3) unit vectors 1, 2, 3 in the axes of the cube
    # (2, 3) shortest primitive periods of the surface, the longer one last; their third component
    # is zero
    periods: FloatArray
    step: FloatArray  # (3,) from an atom to one of the next layer

    @property
    def area(self) -> float:
        """Of the primitive cell of the surface, in squares of the edge."""
        (ax, ay, _), (bx, by, _) = self.periods
        return float(abs(ax * by - ay * bx))

    @property
    def spacing(self) -> float:
        """Distance between layers, in edges; area times spacing is the volume of an atom, 1/4."""
        return float(self.step[2])


def lowest_terms(hkl: Miller) -> Miller:
    """Miller indices without a common factor.

    Raises:
        BadInput: all are zero.
    """
    factor = gcd(*hkl)
    if not factor:
        raise BadInput("the Miller indices 0 0 0 name no surface")
    h, k, l = (index // factor for index in hkl)  # noqa: E741
    return h, k, l


def surface_lattice(hkl: Miller) -> SurfaceLattice:
    """The periods and layers of an (hkl) surface, by integer arithmetic.

    A lattice vector m @ PRIMITIVE lies in layer m · q with q from hkl: the vectors in the surface
    are the integer solutions of m · q = 0, and a step solves m · q = 1.

    Raises:
        BadInput: all indices are zero.
    """
    h, k, l = lowest_terms(hkl)  # noqa: E741
    sums = (k + l, h + l, h + k)
    factor = gcd(*sums)
    within, step = _solutions(*(total // factor for total in sums))
    frame = _frame((h, k, l))
    turned = PRIMITIVE @ frame.T
    periods, up = within @ turned, step @ turned
    # The plane holds them exactly; rounding must not tilt it.
    periods[:, 2] = 0.0
    return SurfaceLattice(frame, _shortest(periods), up)


def _shortest(periods: FloatArray) -> FloatArray:
    """The same lattice by its shortest vectors, after Lagrange and Gauss."""
    short, long = sorted(periods, key=lambda period: float(period @ period))
    while times := round(float(short @ long / (short @ short))):
        short, long = sorted((short, long - times * short), key=lambda period: period @ period)
    return np.array([short, long])


def _frame(hkl: Miller) -> FloatArray:
    normal = np.array(hkl) / np.linalg.norm(hkl)
    first = np.cross([0.0, 0.0, 1.0], normal)
    length = np.linalg.norm(first)
    first = first / length if length > 0 else np.array([1.0, 0.0, 0.0])
    return np.array([first, np.cross(normal, first), normal])


def _solutions(p: int, q: int, r: int) -> tuple[IntArray, IntArray]:
    """Integer solutions of m · (p, q, r) = 0, a basis of shape (2, 3), and one of = 1, (3,)."""
    both, x, y = _bezout(p, q)
    _, u, w = _bezout(both, r)
    along = (q // both, -p // both, 0) if both else (1, 0, 0)
    across = (-r * x, -r * y, both) if both else (0, 1, 0)
    return np.array([along, across]), np.array([u * x, u * y, w])


def _bezout(a: int, b: int) -> tuple[int, int, int]:
    """The greatest common divisor g ≥ 0 with x, y of g = xa + yb."""
    if not b:
        return abs(a), -1 if a < 0 else 1, 0
    divisor, x, y = _bezout(b, a % b)
    return divisor, y, x - a // b * y
