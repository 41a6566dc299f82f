"""The networks: one function of three views of a structure, a view for each load axis."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.training import Answer
from matops.families.nanoporous_cnn3d.config import NanoporousConfig
from matops.families.nanoporous_cnn3d.features import MATERIAL, descriptor_names
from matops.families.nanoporous_cnn3d.metal.load_map import EDGE, box_averages
from matops.families.nanoporous_cnn3d.morphology.physical import PHYSICAL_DESCRIPTORS
from matops.families.nanoporous_cnn3d.networks.compact import CompactBody
from matops.families.nanoporous_cnn3d.networks.periodic import (
    Symmetry,
    block_means,
    three_orientations,
    unpack_voxels,
    view_along,
)
from matops.families.nanoporous_cnn3d.networks.standard import StandardBody, standard_body

LOAD_MAP_UNIT = 0.025
"""Load maps are learnt in this share of the solid's C11: they are then about one."""

EXTREME = 4.0
"""Standard deviations beyond which a descriptor says no more: one odd pore must not rule."""


class DescriptorPath(nn.Module):
    """What descriptors add to the hidden layer, and a straight line, which few labels teach.

    Its weights are its own, so that a network without descriptors can be the start of one with.

    Args:
        count: descriptors of a view.
        hidden: width of the hidden layer.
        speaks: whether it says anything before it has learnt. Beside a body it must not: what a
            start knows would be talked over by random weights.
    """

    def __init__(self, count: int, hidden: int, speaks: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(count, affine=False)
        self.hidden = nn.Linear(count, hidden, bias=False)
        self.line = nn.Linear(count, 1, bias=False)
        nn.init.zeros_(self.line.weight)
        if not speaks:
            nn.init.zeros_(self.hidden.weight)

    def forward(self, descriptors: Tensor) -> tuple[Tensor, Tensor]:
        """From shape (n, count) to (n, 1, 1, 1, hidden) and (n, 1, 1, 1, 1)."""
        numbers = self._numbers(descriptors)[:, None, None, None]
        return self.hidden(numbers), self.line(numbers)

    def _numbers(self, descriptors: Tensor) -> Tensor:
        return torch.clamp(self.norm(descriptors), -EXTREME, EXTREME)

    @torch.no_grad()
    def fit_line(self, descriptors: Tensor, targets: Tensor, columns: slice) -> Tensor:
        """Fit the line on some columns of descriptors, (n, count), to targets, (n,), at once.

        Returns:
            The intercept, shape (1,), which is not the line's own.
        """
        self.norm.running_mean = descriptors.mean(0)
        self.norm.running_var = descriptors.var(0)
        numbers = self.eval()._numbers(descriptors)[:, columns].double()
        known = torch.cat([numbers, torch.ones_like(numbers[:, :1])], dim=1)
        fitted = torch.linalg.lstsq(known, targets.double()[:, None], driver="gelsd").solution
        self.line.weight.zero_()
        self.line.weight[0, columns] = fitted[:-1, 0].float()
        intercept: Tensor = fitted[-1].float()
        return intercept


class StiffnessNetwork(nn.Module):
    """C_11, C_22, C_33 as one function of three views of the same structure.

    The load axis is the first of each view: a network that has learnt one direction knows all
    three. The stiffness is the mean of what the parts of the cell contribute. In training each
    batch is moved by a random symmetry that leaves the three targets as they are.
    """

    stages = ("body", "hidden", "output")

    def __init__(self, config: NanoporousConfig) -> None:
        super().__init__()
        self.grid = config.grid
        self.load_map_weight = config.network.load_map_weight
        self.body = _body(config)
        width = self.body.width if self.body is not None else 0
        self.hidden = nn.Linear(width + len(MATERIAL), config.network.hidden)
        # What a single-metal training set can't teach must not speak until it is taught.
        nn.init.zeros_(self.hidden.weight[:, -len(MATERIAL) :])
        self.output = nn.Linear(config.network.hidden, 1)
        count = len(descriptor_names(config.grid.descriptors))
        self.beside = (
            DescriptorPath(count, config.network.hidden, speaks=self.body is None)
            if count
            else None
        )
        # From standardised contributions to load maps: the network doesn't know the scaling.
        self.load_map_scale = nn.Parameter(torch.tensor([1.0, 0.5]))
        self._side_loss: Tensor | None = None

    def forward(self, batch: Batch) -> Tensor:
        """Standardised targets, shape (n, 3)."""
        symmetry = self._draw_symmetry(batch) if self.training else None
        contributions = self._contributions(batch, symmetry)
        if symmetry and "sample.load_map" in batch.tensors:
            self._side_loss = self._load_map_loss(batch, symmetry, contributions)
        return contributions.mean((2, 3, 4))

    def side_loss(self) -> Tensor:
        """Weighted misfit of the load maps in the last batch of the training; zero without any."""
        loss, self._side_loss = self._side_loss, None
        return torch.zeros(()) if loss is None else self.load_map_weight * loss

    def _draw_symmetry(self, batch: Batch) -> Symmetry:
        """Load maps can be shifted by their own parts only."""
        return Symmetry.draw(EDGE if "sample.load_map" in batch.tensors else self.grid.voxels)

    def _contributions(self, batch: Batch, symmetry: Symmetry | None) -> Tensor:
        """What the parts of the cell contribute along each axis, shape (n, 3, k, k, k)."""
        seen = batch["sample.material"].repeat_interleave(3, dim=0)[:, :, None, None, None]
        if self.body is not None:
            grids = self.body(self._views(batch, symmetry))
            seen = torch.cat([grids.float(), seen.expand(-1, -1, *grids.shape[2:])], dim=1)
        hidden = self.hidden(seen.movedim(1, -1))
        if self.beside is None:
            output: Tensor = self.output(silu(hidden))
        else:
            to_hidden, straight = self.beside(batch["sample.descriptors"].flatten(0, 1))
            output = self.output(silu(hidden + to_hidden)) + straight
        return output.reshape(batch.size, 3, *output.shape[1:4])

    def _views(self, batch: Batch, symmetry: Symmetry | None) -> Tensor:
        """Densities with the load axis first, centred, shape (3 n, 1, m, m, m)."""
        voxels = unpack_voxels(batch["sample.bits"], self.grid.voxels)
        if symmetry:
            voxels = symmetry.move(voxels)
        views = three_orientations(block_means(voxels, self.grid.density_voxels) - 0.5)
        if symmetry:
            views = symmetry.turn(views)
        return views.flatten(0, 1)[:, None]

    def _load_map_loss(self, batch: Batch, symmetry: Symmetry, contributions: Tensor) -> Tensor:
        """Squared misfit of the contributions over the variance of the maps."""
        maps = symmetry.move(batch["sample.load_map"].float() / LOAD_MAP_UNIT)
        views = [view_along(maps[:, axis], axis) for axis in range(3)]
        average = self._map_averages(contributions.shape[-1]).to(maps.device)
        turned = symmetry.turn(torch.stack(views, dim=1))
        truth = torch.einsum("nlxyz,ax,by,cz->nlabc", turned, average, average, average)
        labelled = truth.isfinite()
        if not labelled.any():
            return contributions.new_zeros(())
        offset, scale = self.load_map_scale
        misfit = (offset + scale * contributions.float() - truth)[labelled]
        loss: Tensor = misfit.square().mean() / truth[labelled].var().clamp_min(1e-6)
        return loss

    @staticmethod
    @cache
    def _map_averages(edge: int) -> Tensor:
        """Matrix from the parts of a load map to those of the network, along one axis."""
        return torch.from_numpy(box_averages(EDGE, edge)).float()


def line_network(
    config: NanoporousConfig, features: PackedFeatures, targets: Answer
) -> StiffnessNetwork | None:
    """The network as a line on its physical descriptors, or on all where none is physical.

    Its own finite elements are the best of lines where labels are scarce: README.md. None where
    it takes no descriptors. ``targets`` are standardised, shape (n, 3).
    """
    network, names = StiffnessNetwork(config), descriptor_names(config.grid.descriptors)
    if network.beside is None or not isinstance(targets, Tensor):
        return None
    physical = [names.index(name) for name in PHYSICAL_DESCRIPTORS if name in names]
    columns = slice(min(physical, default=0), len(names))
    described = features.tensors["sample.descriptors"].flatten(0, 1)
    with torch.no_grad():
        network.output.weight.zero_()
        network.output.bias.copy_(network.beside.fit_line(described, targets.flatten(), columns))
    return network.eval()


def _body(config: NanoporousConfig) -> CompactBody | StandardBody | None:
    """The convolutional body of the configured kind; none for the network on descriptors."""
    kind = config.network.kind
    if kind == "compact":
        return CompactBody(config.network.widths, config.network.blocks)
    return None if kind == "descriptors" else standard_body(kind)
