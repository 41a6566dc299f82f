"""The standard networks in 3D (DenseNet, ResNet), made periodic."""

from torch import Tensor, nn
from torch.nn.functional import pad

from matops.families.nanoporous_cnn3d.config import NetworkKind


class StandardBody(nn.Module):
    """A network of MONAI without its classifier: (n, 1, m, m, m) to features (n, width)."""

    def __init__(self, network: nn.Module, width: int) -> None:
        super().__init__()
        self.network = network
        self.width = width

    def forward(self, density: Tensor) -> Tensor:
        """Grids of shape (n, 1, m, m, m) to features of shape (n, width, 1, 1, 1)."""
        features: Tensor = self.network(density)
        return features[:, :, None, None, None]


class PeriodicMaxPool3d(nn.Module):
    """Max pooling in a periodic cell."""

    def __init__(self, pool: nn.MaxPool3d) -> None:
        super().__init__()
        [self.padding] = {pool.padding} if isinstance(pool.padding, int) else set(pool.padding)
        self.pool = nn.MaxPool3d(pool.kernel_size, pool.stride)

    def forward(self, x: Tensor) -> Tensor:
        """Pool after padding with the opposite side."""
        pooled: Tensor = self.pool(pad(x, (self.padding,) * 6, mode="circular"))
        return pooled


def standard_body(kind: NetworkKind) -> StandardBody:
    """DenseNet-121, 169, 201, 264 or ResNet-10, 18, 34, 50 in 3D with periodic boundaries.

    Source: Huang, Liu, van der Maaten and Weinberger, CVPR 2017 (DenseNet); He, Zhang, Ren and
    Sun, CVPR 2016 (ResNet).
    """
    # MONAI takes seconds to import, and the compact network doesn't need it.
    from monai.networks import nets

    if kind.startswith("densenet"):
        build = getattr(nets, kind.replace("densenet", "DenseNet"))
        network = build(spatial_dims=3, in_channels=1, out_channels=1)
        width = network.class_layers.out.in_features
        network.class_layers.out = nn.Identity()
    else:
        network = getattr(nets, kind)(spatial_dims=3, n_input_channels=1, num_classes=1)
        width = network.fc.in_features
        network.fc = nn.Identity()
    return StandardBody(make_periodic(network), width)


def make_periodic(network: nn.Module) -> nn.Module:
    """The same network with circular instead of zero padding everywhere."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv3d) and any(module.padding):
            module.padding_mode = "circular"
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool3d) and child.padding:
                setattr(module, name, PeriodicMaxPool3d(child))
    return network
