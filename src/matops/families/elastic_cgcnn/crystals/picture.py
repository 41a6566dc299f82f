"""A crystal seen along two of its lattice vectors."""

import numpy as np
from ase.data import covalent_radii

from matops.core.quality.picture import Disc, View
from matops.families.elastic_cgcnn.crystals.crystal import Crystal

MOST_ATOMS = 200
"""A larger cell is a cloud in which nobody sees anything."""
SHOWN_RADIUS = 0.5
"""Of the covalent radius, so that bonds stay open."""


def crystal_views(sample: Crystal) -> tuple[View, ...]:
    """One cell along c and along a; none of a crystal with too many atoms."""
    if len(sample.numbers) > MOST_ATOMS:
        return ()
    return tuple(_along(sample, axis) for axis in (2, 0))


def _along(crystal: Crystal, axis: int) -> View:
    across = [crystal.lattice_A[(axis + step) % 3] for step in (1, 2)]
    towards = crystal.lattice_A[axis] / np.linalg.norm(crystal.lattice_A[axis])
    right = across[0] - (across[0] @ towards) * towards
    right = right / np.linalg.norm(right)
    plane = np.stack([right, np.cross(towards, right)])
    corners = np.stack([np.zeros(3), across[0], across[0] + across[1], across[1]]) @ plane.T
    seen_A, depth_A = crystal.cart_coords_A @ plane.T, crystal.cart_coords_A @ towards
    discs = tuple(
        Disc(
            x=float(seen_A[i, 0]),
            y=float(seen_A[i, 1]),
            radius=SHOWN_RADIUS * float(covalent_radii[crystal.numbers[i]]),
            name=crystal.symbols[i],
        )
        for i in np.argsort(depth_A)
    )
    return View(f"along {'abc'[axis]}", discs, tuple((float(x), float(y)) for x, y in corners))
