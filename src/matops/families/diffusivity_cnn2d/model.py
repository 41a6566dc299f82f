"""The network of the family: the coarse diffusivity corrected, or an image network's answer."""

import torch
from torch import Tensor, nn

from matops.core.errors import BadInput
from matops.core.learning.features import Batch
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import DiffusivityConfig
from matops.families.diffusivity_cnn2d.images.descriptors import AXIS_DESCRIPTORS
from matops.families.diffusivity_cnn2d.networks.blocks import views_by_shape, whole_images
from matops.families.diffusivity_cnn2d.networks.flux import FluxCorrection
from matops.families.diffusivity_cnn2d.networks.published import two_layer, wu_network

NOTHING = torch.log10(torch.tensor(LOG_FLOOR))
"""What stands for no diffusivity at all on the learning scale."""
LEAST_SPANNING = 0.5
"""Decades above it from which on a network of blocks spans; its least is far above."""
CENTRE = -0.6
"""log10 De/D0 at which image networks begin: a quarter."""
HIDDEN = 32


class DiffusivityNetwork(nn.Module):
    """log10 De/D0 along x and y; exactly that of 0 where no pore spans, never above the bound.

    One network sees both axes: along y the image is transposed. Training mirrors each batch at
    random, along the flux and across it; both change no diffusivity.
    """

    def __init__(self, config: DiffusivityConfig) -> None:
        super().__init__()
        self.kind, self.edge = config.network.kind, config.network.edge
        self.flux: nn.Module = (
            FluxCorrection(config.network.width, config.network.blocks)
            if self.kind == "flux"
            else nn.Identity()
        )
        self.image: nn.Module = nn.Identity()
        if self.kind != "flux":
            build = two_layer if self.kind == "two_layer" else wu_network
            self.image = build(config.network)
        self.beside = Beside() if config.image.descriptors else None

    def forward(self, batch: Batch) -> Tensor:
        """log10(De/D0 + floor), shape (n, 2)."""
        coarse, bound = batch["sample.coarse"], batch["sample.bound"]
        answer = coarse.clone() if self.kind == "flux" else torch.full_like(coarse, CENTRE)
        views = answer.flatten().clone()
        mirrors = torch.rand(2).lt(0.5).tolist() if self.training else (False, False)
        for places, pixels, shares in views_by_shape(batch):
            views = views.index_add(0, places, self._answer(*_mirrored(pixels, shares, mirrors)))
        answer = views.reshape(coarse.shape)
        if self.beside is not None:
            answer = answer + self.beside(batch["sample.descriptors"])
        spans = coarse > NOTHING.to(coarse) + LEAST_SPANNING
        return torch.where(spans, torch.minimum(answer, bound), NOTHING.to(coarse))

    def _answer(self, pixels: Tensor, shares: Tensor) -> Tensor:
        if self.kind == "flux":
            correction: Tensor = self.flux(pixels, shares)
            return correction
        images = whole_images(pixels)
        if images.shape[-2:] != (self.edge, self.edge):
            rows, columns = images.shape[-2:]
            raise BadInput(
                f"the network takes images of {self.edge} × {self.edge} pixels, not of "
                f"{rows} × {columns}"
            )
        answer: Tensor = self.image(images - 0.5)
        return answer.squeeze(1)


class Beside(nn.Module):
    """What descriptors of an axis add to its answer; nothing at first."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(len(AXIS_DESCRIPTORS))
        self.hidden = nn.Linear(len(AXIS_DESCRIPTORS), HIDDEN)
        self.output = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, descriptors: Tensor) -> Tensor:
        """From descriptors (n, 2, d) to (n, 2)."""
        standard = self.norm(descriptors.flatten(0, 1))
        added: Tensor = self.output(nn.functional.silu(self.hidden(standard)))
        return added.reshape(-1, 2)


def _mirrored(
    pixels: Tensor, shares: Tensor, mirrors: "list[bool] | tuple[bool, bool]"
) -> tuple[Tensor, Tensor]:
    """Views reversed along the flux, across it, both or as they are."""
    across = [-2] if mirrors[0] else []
    axes = across + ([-1] if mirrors[1] else [])
    if not axes:
        return pixels, shares
    v, _, height, width = pixels.shape
    edge = int(pixels.shape[1] ** 0.5)
    within = pixels.reshape(v, edge, edge, height, width).flip([axis - 2 for axis in axes])
    return within.reshape_as(pixels).flip(axes), shares.flip(axes)
