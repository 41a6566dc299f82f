"""Networks of convolution, pooling and dense layers on images of one size."""

from torch import nn

from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.config import NetworkConfig

WU_FILTERS = (16, 32, 64, 64, 64)
WU_DENSE = 128
"""Ours: the publication's layers were not at hand. Five halvings leave 4 × 4 of 128 × 128."""


def two_layer(network: NetworkConfig) -> nn.Sequential:
    """Convolution, pooling, convolution, pooling, dense, dense: (v, 1, e, e) to (v, 1).

    The stride is the convolutions'; pools don't overlap.

    Raises:
        BadInput: nothing is left of the image before the dense layers.
    """
    layers: list[nn.Module] = []
    channels, edge = 1, network.edge
    for filters in network.filters:
        layers += [
            nn.Conv2d(channels, filters, network.kernel, network.stride, padding(network, edge)),
            activation(network),
            nn.MaxPool2d(network.pool),
        ]
        edge = edge_after(network, edge)
        channels = filters
        if edge < 1:
            raise BadInput(
                f"kernel {network.kernel}, stride {network.stride}, pool {network.pool} and "
                f"padding {network.padding} leave nothing of {network.edge} pixels"
            )
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Linear(channels * edge * edge, network.dense),
        activation(network),
        nn.Linear(network.dense, 1),
    )


def activation(network: NetworkConfig) -> nn.Module:
    """What follows a layer."""
    return nn.ReLU() if network.activation == "relu" else nn.Identity()


def padding(network: NetworkConfig, edge: int) -> int:
    """Pixels on each side: none if valid, else as many as give ceil(edge/stride) or one more."""
    if network.padding == "valid":
        return 0
    wanted = (-(-edge // network.stride) - 1) * network.stride + network.kernel - edge
    return max(0, -(-wanted // 2))


def edge_after(network: NetworkConfig, edge: int) -> int:
    """Pixels along an edge after a convolution and its pooling; 0 or less where none is left."""
    padded = edge + 2 * padding(network, edge)
    if padded < network.kernel:
        return 0
    return ((padded - network.kernel) // network.stride + 1) // network.pool


def wu_network(network: NetworkConfig) -> nn.Sequential:
    """After Wu, Yin and Xiao (2019): convolutions, each normed and pooled, then dense layers."""
    layers: list[nn.Module] = []
    channels = 1
    for filters in WU_FILTERS:
        layers += [
            nn.Conv2d(channels, filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        channels = filters
    edge = network.edge >> len(WU_FILTERS)
    if edge < 1:
        raise BadInput(f"{len(WU_FILTERS)} halvings leave nothing of {network.edge} pixels")
    dense = [nn.Linear(channels * edge * edge, WU_DENSE), nn.ReLU(), nn.Linear(WU_DENSE, 1)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)
