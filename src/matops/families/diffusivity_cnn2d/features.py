"""From images to tensors: blocks of pixels, what each costs a flux, and the coarse diffusivity."""

from collections.abc import Sequence

import numpy as np
import torch

from matops.core.learning.features import PackedFeatures
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import ImageConfig
from matops.families.diffusivity_cnn2d.images.descriptors import AXIS_DESCRIPTORS, axis_descriptors
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage
from matops.physics.arrays import BoolArray, FloatArray
from matops.physics.effective_media import series_bound
from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.windows import EDGE

PIXELS = EDGE * EDGE


def featurize(samples: Sequence[PoreImage], config: ImageConfig) -> PackedFeatures:
    """Tensors for the network; two views of each image, with the flux along x and along y.

    On the axis ``block``, row by row of the view's blocks of 4 × 4: ``block.bits``, pixels, the
    highest bit first, uint8, shape (blocks, 2, 2); ``block.shares``, what edges along and across
    the flux have of the dissipation, times the number of blocks, float16, shape (blocks, 2, 2).
    On ``sample``: ``sample.grid``, rows and columns of blocks of both views, shape (n, 2, 2);
    ``sample.edges``, rows and columns of pixels, shape (n, 2); ``sample.coarse`` and
    ``sample.bound``, log10 of De/D0 by the network of blocks and its bound, shape (n, 2);
    ``sample.descriptors``, shape (n, 2, d), where the configuration wants them.
    """
    views = [[_View(pores, config) for pores in (s.pores, s.pores.T)] for s in samples]
    flat = [view for pair in views for view in pair]
    bits, shares = (
        torch.from_numpy(
            np.concatenate([np.stack([getattr(v, name) for v in pair], axis=1) for pair in views])
        )
        for name in ("bits", "shares")
    )
    tensors = {
        "block.bits": bits,
        "block.shares": shares,
        "sample.grid": torch.tensor([view.grid for view in flat]).reshape(-1, 2, 2),
        "sample.edges": torch.tensor([s.pores.shape for s in samples]),
        "sample.coarse": _pairs([view.coarse for view in flat]),
        "sample.bound": _pairs([view.bound for view in flat]),
    }
    if config.descriptors:
        rows = _pairs([view.descriptors for view in flat])
        tensors["sample.descriptors"] = rows.reshape(-1, 2, len(AXIS_DESCRIPTORS))
    counts = torch.tensor([pair[0].grid[0] * pair[0].grid[1] for pair in views])
    return PackedFeatures(tensors, {"block": counts})


class _View:
    """An image as a flux along its rows sees it."""

    def __init__(self, pores: BoolArray, config: ImageConfig) -> None:
        coarse = coarse_diffusion(pores)
        height, width = self.grid = coarse.shares.shape[1:]
        seen = coarse.carrying if config.dead_ends_removed else coarse.whole
        blocks = seen.reshape(height, EDGE, width, EDGE).transpose(0, 2, 1, 3)
        self.bits = np.packbits(blocks.reshape(-1, PIXELS), axis=1)
        shares = np.ascontiguousarray(coarse.shares.reshape(2, -1).T) * (height * width)
        self.shares = np.minimum(shares, np.finfo(np.float16).max).astype(np.float16)
        self.coarse = _log(coarse.relative_diffusivity)
        self.bound = _log(series_bound(pores))
        self.descriptors = axis_descriptors(pores) if config.descriptors else np.zeros(0)


def _log(value: float) -> float:
    return float(np.log10(value + LOG_FLOOR))


def _pairs(rows: Sequence[float] | Sequence[FloatArray]) -> torch.Tensor:
    numbers = np.asarray(rows, dtype=np.float32)
    return torch.from_numpy(numbers.reshape(len(numbers) // 2, -1))
