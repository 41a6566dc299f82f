"""The stiffness tensor beside simulation output: in a manifest's column, or else of its run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from matops.core.data.target import Target
from matops.core.data.value import is_made_of_numbers, plain_number
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.manifest import Entry
from matops.simulators.output.manifest_table import Column


def read_stiffness(content: Any) -> FloatArray:
    """A symmetric (6, 6) matrix from 36 numbers or the 21 of its upper triangle, row by row.

    Raises:
        BadInput: other numbers, or no numbers.
    """
    try:
        if isinstance(content, str):
            content = list(map(plain_number, content.split()))
        if not is_made_of_numbers(content):
            raise TypeError("true, false or text")
        numbers = np.asarray(content, dtype=float)
    except (TypeError, ValueError):
        raise BadInput("it is not made of numbers") from None
    if numbers.size == 36:
        return np.asarray(numbers.reshape(6, 6))
    if numbers.shape != (21,):
        raise BadInput(f"{numbers.size} numbers; it needs 36, or 21 of the upper half")
    full = np.zeros((6, 6))
    full[np.triu_indices(6)] = numbers
    return np.asarray(full + np.triu(full, 1).T)


STIFFNESS = Column("C", "GPa", read_stiffness)
"""The whole stiffness, Voigt order xx, yy, zz, yz, xz, xy."""


def unless_stated(entry: Entry, targets: Sequence[Target]) -> FloatArray | None:
    """The stiffness, (6, 6) in GPa, of a row that doesn't state the targets; None if it does.

    Raises:
        BadInput: the row has both, or neither it nor its log or OUTCAR has any.
    """
    *names, last = [target.name for target in targets]
    words = f"{', '.join(names)} and {last}"
    given_GPa = entry.values.get(STIFFNESS.name)
    if any(target.name in entry.values for target in targets):
        if given_GPa is not None:
            raise BadInput(f"both {words} and the stiffness C are given; keep one")
        return None
    stiffness_GPa = entry.run.stiffness_GPa if given_GPa is None and entry.run else given_GPa
    if stiffness_GPa is None:
        raise BadInput(f"neither {words} nor the stiffness C, here, in a log or an OUTCAR")
    return stiffness_GPa
