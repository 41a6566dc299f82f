"""Factors that make invariants vanish where the point group of a surface demands it.

Near such an axis a deviator grows in proportion to the tilt, and so do the factors, the sines of
the angles with [100] and [111].
"""

from typing import Any

import sympy
import torch
from torch import Tensor

from matops.families.surface_eql.about import TARGETS
from matops.families.surface_eql.surfaces.point_group import VANISH


def symmetry_factors(direction: Tensor) -> Tensor:
    """The factor of each target, (n, 7), of sorted cosines, (n, 3)."""
    n1, n2, n3 = direction.unbind(1)
    sines = {
        "100": torch.sqrt(n2**2 + n3**2),
        "111": torch.sqrt(((n1 - n2) ** 2 + (n2 - n3) ** 2 + (n1 - n3) ** 2) / 3),
    }
    columns = []
    for target in TARGETS:
        factor = torch.ones_like(n1)
        for axis in VANISH.get(target.name, ()):
            factor = factor * sines[axis]
        columns.append(factor)
    return torch.stack(columns, dim=1)


def written_factor(target: str, cosines: list[Any]) -> Any:
    """The same as SymPy has it."""
    n1, n2, n3 = cosines
    sines = {
        "100": sympy.sqrt(n2**2 + n3**2),
        "111": sympy.sqrt(((n1 - n2) ** 2 + (n2 - n3) ** 2 + (n1 - n3) ** 2) / 3),
    }
    return sympy.prod([sines[axis] for axis in VANISH.get(target, ())])
