"""Tables of scalars, for tests that have their numbers as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matops.core.data.tables import Tables
from matops.core.data.target import Target


def scalars(values: Any, targets: Sequence[Target] | None = None) -> Tables:
    """Columns of scalars, shape (..., n, n_targets), of nameless targets unless given some."""
    array = np.asarray(values, dtype=float)
    nameless = (Target(f"t{i}", "1", "") for i in range(array.shape[-1]))
    return Tables(tuple(targets or nameless), {"sample": array})
