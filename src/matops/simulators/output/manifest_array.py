"""Arrays of a manifest: each in a file of its own beside it, or nested lists in its JSON."""

from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

MOST_BYTES = 64 * 2**20
"""Of one array's file: a million rows of a tensor."""


def read_array(content: Any, target: Target) -> FloatArray:
    """The array of a cell.

    Args:
        content: nested lists; or the path of an ``.npy`` file, or of a ``.csv`` without heading
            that has one row's components, the last index fastest, on a line.
        target: what it is of.

    Raises:
        BadInput: it is no array of numbers, or too large.
    """
    if not isinstance(content, Path):
        return _numbers(content, "the cell")
    if content.stat().st_size > MOST_BYTES:
        raise BadInput(f"{content.name} is larger than {MOST_BYTES // 2**20} MiB")
    try:
        if content.suffix == ".npy":
            # Mapped, since a header may claim any size.
            return _numbers(np.load(content, mmap_mode="r", allow_pickle=False), content.name)
        if content.suffix == ".csv":
            table = np.loadtxt(content, delimiter=",", ndmin=2)
            rows = () if target.axis == SAMPLE_AXIS else (-1,)
            is_whole = table.shape[1] == target.size and (rows or len(table) == 1)
            return table.reshape(*rows, *target.shape) if is_whole else table
    except (OSError, ValueError, EOFError) as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{content.name} can't be read as an array: {reason}") from None
    raise BadInput(f"{content.name} is neither .npy nor .csv")


def _numbers(content: Any, name: str) -> FloatArray:
    try:
        array = np.asarray(content)
        if array.dtype.kind in "fiu":
            return np.array(array, dtype=float)
    except ValueError:
        pass
    raise BadInput(f"{name} is no array of numbers")
