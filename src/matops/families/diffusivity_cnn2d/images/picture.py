"""An image, and where the dissipation of a flux along x lies."""

import numpy as np

from matops.core.quality.picture import View
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage
from matops.physics.arrays import BoolArray
from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.windows import EDGE

BOTTLENECK_SHARE = 0.5
"""Share of the dissipation that the pictured bottlenecks have together."""


def image_views(sample: PoreImage) -> tuple[View, ...]:
    """The image with solid dark, and for each axis the blocks where half of the loss is."""
    views = [View("solid", solid=~sample.pores)]
    for name, pores in (("x", sample.pores), ("y", sample.pores.T)):
        bottlenecks = _bottlenecks(pores)
        if bottlenecks.any():
            shown = bottlenecks if name == "x" else bottlenecks.T
            views.append(View(f"half of the dissipation along {name}", solid=shown))
    return tuple(views)


def _bottlenecks(pores: BoolArray) -> BoolArray:
    """Carrying pores of the fewest blocks with half of the dissipation."""
    coarse = coarse_diffusion(pores)
    loss = coarse.shares.sum(axis=0)
    order = np.argsort(-loss, axis=None)
    few = np.zeros(loss.size, dtype=bool)
    few[order[: 1 + int(np.searchsorted(np.cumsum(loss.ravel()[order]), BOTTLENECK_SHARE))]] = True
    blocks = few.reshape(loss.shape).repeat(EDGE, 0).repeat(EDGE, 1)
    rows, columns = pores.shape
    return np.asarray((blocks & coarse.carrying)[:rows, :columns])
