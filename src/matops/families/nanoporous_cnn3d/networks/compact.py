"""The compact residual network: small enough to train on a CPU."""

from torch import Tensor, nn
from torch.nn.functional import relu

SPACE_TO_DEPTH = 2
"""Neighbouring voxels an edge that enter as channels: no convolution at the full resolution."""


def periodic_conv(channels_in: int, channels_out: int) -> nn.Conv3d:
    """A 3 × 3 × 3 convolution in a periodic cell, without bias."""
    return nn.Conv3d(channels_in, channels_out, 3, padding=1, padding_mode="circular", bias=False)


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity, each after norm and activation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm3d(channels) for _ in range(2))
        self.convolutions = nn.ModuleList(periodic_conv(channels, channels) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Grids of shape (n, channels, m, m, m) to the same shape."""
        change = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            change = convolution(relu(norm(change)))
        return x + change


class Halving(nn.Module):
    """Norm, activation, and a convolution that halves the resolution.

    Its windows don't overlap, so that the cell stays periodic without any padding.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm3d(channels_in)
        self.convolution = nn.Conv3d(channels_in, channels_out, 2, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Grids of shape (n, channels_in, m, m, m) to (n, channels_out, m/2, m/2, m/2)."""
        halved: Tensor = self.convolution(relu(self.norm(x)))
        return halved


class CompactBody(nn.Module):
    """Levels of residual blocks, each at half the resolution of the last.

    ``widths`` and ``blocks`` are the channels and the number of blocks of each level.
    """

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = [periodic_conv(SPACE_TO_DEPTH**3, widths[0])]
        for level, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            if level:
                layers.append(Halving(widths[level - 1], width))
            layers += [ResidualBlock(width) for _ in range(count)]
        self.layers = nn.Sequential(*layers)
        self.norm = nn.BatchNorm3d(widths[-1])
        self.width = widths[-1]

    def forward(self, density: Tensor) -> Tensor:
        """Grids of shape (n, 1, m, m, m) to features of shape (n, width, k, k, k)."""
        x = self.layers(space_to_depth(density, SPACE_TO_DEPTH))
        return relu(self.norm(x))


def space_to_depth(x: Tensor, r: int) -> Tensor:
    """Blocks of r³ voxels as channels: (n, 1, m, m, m) to (n, r³, m/r, m/r, m/r)."""
    n, m = len(x), x.shape[-1] // r
    blocks = x.reshape(n, m, r, m, r, m, r)
    return blocks.permute(0, 2, 4, 6, 1, 3, 5).reshape(n, r**3, m, m, m)
