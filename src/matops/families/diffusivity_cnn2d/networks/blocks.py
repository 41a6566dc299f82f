"""Blocks of 4 × 4 pixels as tensors: images of one size at a time, in any batch."""

from collections.abc import Iterator

import torch
from torch import Tensor

from matops.core.learning.features import Batch
from matops.simulators.porous_media.windows import EDGE


def unpack_bits(bits: Tensor) -> Tensor:
    """Pixels of blocks as 0 and 1: (..., 2) bytes, the highest bit first, to (..., 16) float32."""
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=bits.device)
    return ((bits[..., None] >> shifts) & 1).flatten(-2).float()


def views_by_shape(batch: Batch) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The views of a batch, those of one shape together.

    Yields flat places of the views, (v,), in (n, 2); their pixels, (v, 16, h, w), and shares, both
    with the rows of the view's blocks in order, (v, 2, h, w).
    """
    grids = batch["sample.grid"].flatten(0, 1)
    bits, shares, owner = batch["block.bits"], batch["block.shares"], batch.sample_of["block"]
    for grid in torch.unique(grids, dim=0):
        height, width = (int(edge) for edge in grid)
        of_shape = (grids == grid).all(dim=1).reshape(-1, 2)
        for view in (0, 1):
            samples = of_shape[:, view].nonzero().flatten()
            if not len(samples):
                continue
            rows = of_shape[owner, view]
            pixels = unpack_bits(bits[rows, view]).reshape(len(samples), height, width, -1)
            weights = shares[rows, view].float().reshape(len(samples), height, width, -1)
            yield 2 * samples + view, pixels.movedim(-1, 1), weights.movedim(-1, 1)


def whole_images(pixels: Tensor) -> Tensor:
    """Images of blocks, (v, 16, h, w) to (v, 1, 4 h, 4 w)."""
    return torch.nn.functional.pixel_shuffle(pixels, EDGE)
