"""The order of the six components of stress and strain, which differs from program to program."""

from collections.abc import Sequence

import numpy as np

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

VOIGT_ORDER = ("xx", "yy", "zz", "yz", "xz", "xy")


def in_voigt_order(matrix: FloatArray, order: Sequence[str]) -> FloatArray:
    """A (6, 6) matrix whose rows and columns stand in ``order``, in that of Voigt.

    ``order`` has names as in ``XX`` or ``zx``; VASP's is XX, YY, ZZ, XY, YZ, ZX.

    Raises:
        BadInput: these are not the six components.
    """
    names = ["".join(sorted(name.lower())) for name in order]
    if sorted(names) != sorted(VOIGT_ORDER):
        raise BadInput(f"the order {' '.join(order)} is none of {' '.join(VOIGT_ORDER)}")
    places = [names.index(name) for name in VOIGT_ORDER]
    return matrix[np.ix_(places, places)]
