"""The network: its start, its rules and symmetries, and images of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.about import LOG_FLOOR
from matops.families.diffusivity_cnn2d.config import (
    PRESETS,
    DiffusivityConfig,
    ImageConfig,
    NetworkConfig,
)
from matops.families.diffusivity_cnn2d.features import featurize
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage
from matops.families.diffusivity_cnn2d.model import NOTHING, DiffusivityNetwork, _mirrored
from matops.families.diffusivity_cnn2d.networks.blocks import views_by_shape, whole_images
from matops.families.diffusivity_cnn2d.networks.flux import CELLS, FluxCorrection
from matops.families.diffusivity_cnn2d.networks.published import edge_after, two_layer
from matops.physics.effective_media import series_bound
from matops.simulators.porous_media.block_network import coarse_diffusion
from matops.simulators.porous_media.structures import StructureDesign, make_structure

FULL = PRESETS["full"]


def structure(
    shape: tuple[int, int] = (32, 44), porosity: float = 0.7, seed: int = 0
) -> np.ndarray:
    return make_structure(StructureDesign("gaussian", shape, porosity, 3.0, seed=(seed,)))


def answer(
    network: DiffusivityNetwork, images: Sequence[np.ndarray], config: DiffusivityConfig
) -> np.ndarray:
    features = featurize([PoreImage(pores) for pores in images], config.image)
    with torch.no_grad():
        output: np.ndarray = network(features.batch(torch.arange(len(images)))).numpy()
    return output


def unlike_fresh(config: DiffusivityConfig) -> DiffusivityNetwork:
    """A network whose last layers say something."""
    torch.manual_seed(0)
    network = DiffusivityNetwork(config).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network


def test_it_starts_as_the_network_of_blocks() -> None:
    images = [structure(), structure((40, 24), seed=1)]
    start = answer(DiffusivityNetwork(FULL).eval(), images, FULL)
    views = [[pores, pores.T] for pores in images]
    exact = [[coarse_diffusion(view).relative_diffusivity for view in pair] for pair in views]
    bounds = [[series_bound(view) for view in pair] for pair in views]
    expected = np.log10(np.minimum(exact, bounds) + LOG_FLOOR)
    np.testing.assert_allclose(start, expected, atol=1e-5)


@pytest.mark.parametrize("descriptors", [False, True])
def test_walls_are_exactly_nothing_and_bounds_are_kept(descriptors: bool) -> None:
    config = replace(FULL, image=ImageConfig(descriptors=descriptors))
    network = unlike_fresh(config)
    with torch.no_grad():
        network.flux.output.bias += 5.0
    walled = structure()
    walled[:, 20] = False
    channel = np.zeros((32, 32), dtype=bool)
    channel[:8] = True
    images = [walled, channel, structure()]
    scaled = answer(network, images, config)
    assert scaled[0, 0] == scaled[1, 1] == float(NOTHING) == -6.0
    assert scaled[1, 0] == pytest.approx(np.log10(0.25), abs=1e-5)
    assert scaled[2, 0] == pytest.approx(np.log10(series_bound(images[2])), abs=1e-5)


@pytest.mark.parametrize("kind", ["flux", "two_layer", "wu"])
def test_a_transposed_image_has_its_axes_exchanged(kind: str) -> None:
    network = NetworkConfig(kind=kind, edge=64, kernel=3, stride=1, pool=2)  # type: ignore[arg-type]
    config = replace(FULL, network=network)
    model = unlike_fresh(config)
    image = structure((64, 64))
    first, second = answer(model, [image, image.T], config)
    np.testing.assert_allclose(first, second[::-1], atol=1e-5)
    assert abs(first[0] - first[1]) > 1e-7


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_correction_starts_at_nothing_and_is_local(dimensions: int) -> None:
    """What carries nothing costs nothing: blocks without a share change no answer but nearby."""
    torch.manual_seed(0)
    correction = FluxCorrection(6, 1, dimensions)
    grid = (9,) * dimensions
    pixels = (torch.rand(2, CELLS[dimensions], *grid) < 0.6).float()
    shares = torch.rand(2, dimensions, *grid)
    with torch.no_grad():
        assert correction(pixels, shares).tolist() == [0.0, 0.0]
        correction.output.weight.normal_()
        shares[:, :, :5] = 0.0
        other = pixels.clone()
        other[:, :, :3] = 1 - other[:, :, :3]
        torch.testing.assert_close(correction(pixels, shares), correction(other, shares))
        other[:, :, 6:] = 1 - other[:, :, 6:]
        assert (correction(pixels, shares) - correction(other, shares)).abs().min() > 1e-6


def test_images_of_different_sizes_in_one_batch_are_answered_as_alone() -> None:
    model = unlike_fresh(FULL)
    images = [
        structure(shape, seed=i) for i, shape in enumerate([(32, 44), (44, 32), (20, 20), (32, 44)])
    ]
    together = answer(model, images, FULL)
    alone = np.concatenate([answer(model, [image], FULL) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_networks_of_one_size_say_so() -> None:
    config = replace(FULL, network=NetworkConfig(kind="two_layer"))
    with pytest.raises(BadInput, match="128 × 128 pixels, not of 32 × 44"):
        answer(DiffusivityNetwork(config).eval(), [structure()], config)


@pytest.mark.parametrize("mirrors", [(True, False), (False, True), (True, True)])
def test_mirrored_views_are_the_views_of_the_mirrored_image(mirrors: tuple[bool, bool]) -> None:
    pores = structure((32, 32), seed=4)
    axes = [axis for axis, reverse in enumerate(mirrors) if reverse]
    views = []
    for image in (pores, np.flip(pores, axes)):
        features = featurize([PoreImage(np.ascontiguousarray(image))], FULL.image)
        views.append(next(iter(views_by_shape(features.batch(torch.arange(1))))))
    (_, pixels, shares), (_, expected_pixels, expected_shares) = views
    moved_pixels, moved_shares = _mirrored(pixels, shares, mirrors)
    assert torch.equal(moved_pixels, expected_pixels)
    assert torch.allclose(moved_shares, expected_shares, atol=1e-2)


@pytest.mark.parametrize("removed", [True, False])
def test_networks_see_the_image_with_its_dead_ends_or_without(removed: bool) -> None:
    pores = structure((32, 44))
    pores[:, 20] = False
    pores[8, 20] = True
    features = featurize([PoreImage(pores)], ImageConfig(dead_ends_removed=removed))
    _, pixels, _ = next(iter(views_by_shape(features.batch(torch.arange(1)))))
    seen = whole_images(pixels)[0, 0].numpy().astype(bool)
    assert np.array_equal(seen, coarse_diffusion(pores).carrying if removed else pores)


def test_published_geometries_that_leave_something_run_and_others_are_refused() -> None:
    for kernel in (2, 3, 4, 5):
        for stride in (2, 3, 4):
            for pool in (2, 3, 4):
                for padding in ("same", "valid"):
                    network = NetworkConfig(
                        kernel=kernel,
                        stride=stride,
                        pool=pool,
                        padding=padding,
                        filters=(2, 2),  # type: ignore[arg-type]
                    )
                    if edge_after(network, edge_after(network, 128)) < 1:
                        with pytest.raises(BadInput, match="leave nothing of 128 pixels"):
                            two_layer(network)
                        continue
                    assert two_layer(network)(torch.zeros(1, 1, 128, 128)).shape == (1, 1)
