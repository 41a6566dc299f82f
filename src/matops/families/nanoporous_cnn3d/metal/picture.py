"""Sections of a nanoporous metal."""

import numpy as np

from matops.core.quality.picture import View
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal

SECTION_VOXELS = 48


def metal_views(sample: NanoporousMetal) -> tuple[View, ...]:
    """The sections through the cell's centre, across x, y and z; solid is dark."""
    solid = sample.geometry.solid(SECTION_VOXELS)
    return tuple(
        View(f"across {name}", solid=np.take(solid, SECTION_VOXELS // 2, axis))
        for axis, name in enumerate("xyz")
    )
