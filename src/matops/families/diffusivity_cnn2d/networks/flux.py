"""The network that corrects what each block costs a flux."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

from matops.simulators.porous_media.windows import EDGE

PIXELS = EDGE * EDGE
ENDS = 2
"""Channels that are 1 in the first and in the last column of blocks, where the reservoirs are."""


class Convolution(nn.Module):
    """3 × 3 blocks; solid above and below the image, and more of the same beyond its ends."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Grids of shape (v, channels_in, h, w) to (v, channels_out, h, w)."""
        convolved: Tensor = self.convolution(
            pad(pad(x, (1, 1, 0, 0), mode="replicate"), (0, 0, 1, 1))
        )
        return convolved


class ResidualBlock(nn.Module):
    """A convolution and a mixing of channels beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, width)
        self.mixing = nn.Conv2d(width, width, 1)

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

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.start = Convolution(PIXELS + 2 + ENDS, width)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.output = nn.Conv2d(width, 2, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]

    def forward(self, pixels: Tensor, shares: Tensor) -> Tensor:
        """From pixels (v, 16, h, w) and shares times blocks (v, 2, h, w) to (v,)."""
        ends = torch.zeros_like(shares)
        ends[:, 0, :, 0], ends[:, 1, :, -1] = 1.0, 1.0
        seen = torch.cat([pixels - 0.5, torch.log1p(shares), ends], dim=1)
        corrections = self.output(self.body(self.start(seen)))
        return torch.mean((corrections * shares).sum(1), (1, 2))
