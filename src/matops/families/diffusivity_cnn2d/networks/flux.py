"""The network that corrects what each block costs a flux."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

from matops.simulators.porous_media.windows import EDGE, VOLUME_EDGE

CELLS = {2: EDGE**2, 3: VOLUME_EDGE**3}
"""Pixels or voxels of a block, by the number of axes."""
CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
ENDS = 2
"""Channels that are 1 in the first and in the last layer of blocks, where the reservoirs are."""


class Convolution(nn.Module):
    """3 × 3 blocks; solid beside the grid, and more of the same beyond its ends."""

    def __init__(self, channels_in: int, channels_out: int, dimensions: int) -> None:
        super().__init__()
        self.convolution = CONVOLUTIONS[dimensions](channels_in, channels_out, 3)
        # From the last axis to the first, before and behind.
        self.along = (1, 1, *(0, 0) * (dimensions - 1))
        self.across = (0, 0, *(1, 1) * (dimensions - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Grids of shape (v, channels_in, h, w) to (v, channels_out, h, w)."""
        longer = pad(x, self.along, mode="replicate")
        convolved: Tensor = self.convolution(pad(longer, self.across))
        return convolved


class ResidualBlock(nn.Module):
    """A convolution and a mixing of channels beside the identity."""

    def __init__(self, width: int, dimensions: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, width, dimensions)
        self.mixing = CONVOLUTIONS[dimensions](width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Grids of shape (v, width, h, w) to the same shape."""
        changed: Tensor = x + self.mixing(silu(self.convolution(silu(x))))
        return changed


class FluxCorrection(nn.Module):
    """Corrections of log10 De as a mean over the blocks, each with its share of the dissipation.

    To first order an error of a conductance enters log De with the share of the dissipation in it,
    so that what a network has to learn is local, the same in images of any size. It starts at 0.

    Source: Tellegen's theorem; Penfield, Spence and Duinker, Tellegen's Theorem and Electrical
    Networks (1970), section 4.3, for the sensitivity.
    """

    def __init__(self, width: int, blocks: int, dimensions: int = 2) -> None:
        super().__init__()
        self.start = Convolution(CELLS[dimensions] + dimensions + ENDS, width, dimensions)
        self.body = nn.Sequential(*(ResidualBlock(width, dimensions) for _ in range(blocks)))
        self.output = CONVOLUTIONS[dimensions](width, dimensions, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]

    def forward(self, pixels: Tensor, shares: Tensor) -> Tensor:
        """From pixels (v, 16, h, w) and shares times blocks (v, 2, h, w) to (v,).

        Of volumes voxels (v, 8, h, d, w) and shares (v, 3, h, d, w); the last axis is the flux's.
        """
        ends = torch.zeros_like(shares[:, :ENDS])
        ends[:, 0, ..., 0], ends[:, 1, ..., -1] = 1.0, 1.0
        seen = torch.cat([pixels - 0.5, torch.log1p(shares), ends], dim=1)
        corrections = self.output(self.body(self.start(seen)))
        correction: Tensor = (corrections * shares).sum(1).flatten(1).mean(1)
        return correction
