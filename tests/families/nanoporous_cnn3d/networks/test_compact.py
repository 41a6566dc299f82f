"""The compact network: what its geometry keeps, whatever its weights are."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from matops.families.nanoporous_cnn3d.networks.compact import (
    SPACE_TO_DEPTH,
    CompactBody,
    space_to_depth,
)

WIDTHS, BLOCKS = (8, 12), (1, 2)
STRIDE = SPACE_TO_DEPTH * 2 ** (len(WIDTHS) - 1)
AXES = (-3, -2, -1)


def body(widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> CompactBody:
    """A body whose norms have seen something."""
    torch.manual_seed(0)
    made = CompactBody(widths, blocks).train()
    with torch.no_grad():
        for _ in range(3):
            made(densities(4))
    return made.eval()


def densities(count: int = 2, n: int = 16) -> Tensor:
    return torch.rand(count, 1, n, n, n) - 0.5


def without_direction(made: CompactBody) -> CompactBody:
    """The body with each kernel replaced by its mean over mirrors and swaps of the last two axes.

    Neighbouring voxels that enter as channels are mirrored and swapped as what they are.
    """
    for module in made.modules():
        if isinstance(module, nn.Conv3d):
            out, into, *kernel = module.weight.shape
            parts = SPACE_TO_DEPTH if module is made.layers[0] else 1
            weight = module.weight.data.reshape(out, -1, parts, parts, parts, *kernel)
            module.weight.data = _mean_over_symmetries(weight).reshape(out, into, *kernel)
    return made


def _mean_over_symmetries(weight: Tensor) -> Tensor:
    """Of kernels whose axes -6, -5, -4 are parts of a voxel, and -3, -2, -1 voxels."""
    images = []
    for mirrored in product((False, True), repeat=3):
        axes = [axis for axis, yes in zip(AXES, mirrored, strict=True) if yes]
        image = weight.flip([*axes, *(axis - 3 for axis in axes)])
        images += [image, image.transpose(-1, -2).transpose(-4, -5)]
    return torch.stack(images).mean(0)


@pytest.mark.parametrize("steps", [(1, 0, 0), (0, -1, 0), (0, 0, 3), (2, 1, -1)])
def test_a_shift_by_strides_shifts_the_features(steps: tuple[int, int, int]) -> None:
    made, grid = body(), densities()
    with torch.inference_mode():
        before = made(grid)
        moved = made(grid.roll([STRIDE * step for step in steps], AXES))
    assert torch.allclose(moved, before.roll(steps, AXES), atol=1e-5)
    assert before.std((2, 3, 4)).max() > 1e-2


def test_a_shift_by_less_than_the_stride_is_another_sight() -> None:
    """That is why training shifts its batches at random."""
    made, grid = body(), densities()
    with torch.inference_mode():
        before, moved = (made(g).mean(AXES) for g in (grid, grid.roll(1, -1)))
    assert not torch.allclose(moved, before, atol=1e-4)


@pytest.mark.parametrize("axis", AXES)
def test_only_the_kernels_tell_a_structure_from_its_mirror_image(axis: int) -> None:
    made, grid = body(), densities()
    with torch.inference_mode():
        assert not torch.allclose(made(grid.flip(axis)), made(grid).flip(axis), atol=1e-3)
        same = without_direction(made)
        assert torch.allclose(same(grid.flip(axis)), same(grid).flip(axis), atol=1e-5)


def test_only_the_kernels_tell_the_axes_across_the_load_apart() -> None:
    made, grid = body(), densities()
    with torch.inference_mode():
        same = without_direction(made)
        swapped = same(grid.transpose(-1, -2))
        assert torch.allclose(swapped, same(grid).transpose(-1, -2), atol=1e-5)
        along = same(grid.transpose(-3, -1))
        assert not torch.allclose(along, same(grid).transpose(-3, -1), atol=1e-3)


def test_a_uniform_grid_has_uniform_features() -> None:
    """No face of the cell can be seen."""
    made = body()
    with torch.inference_mode():
        features = made(torch.full((1, 1, 16, 16, 16), 0.3))
    assert features.std((2, 3, 4)).max() < 1e-5
    assert features.max() > 0


@pytest.mark.parametrize(
    ("widths", "blocks"), [((4,), (1,)), ((4, 6), (1, 1)), ((4, 6, 9), (1, 0, 2))]
)
def test_levels_halve_the_grid(widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
    made = body(widths, blocks)
    with torch.inference_mode():
        features = made(densities(3))
    assert made.width == widths[-1]
    assert features.shape == (3, widths[-1], *(16 // 2 ** len(widths),) * 3)


def test_blocks_become_channels_and_nothing_is_lost() -> None:
    grid = torch.arange(2 * 4**3, dtype=torch.float32).reshape(2, 1, 4, 4, 4)
    channels = space_to_depth(grid, 2)
    assert channels.shape == (2, 8, 2, 2, 2)
    for number, (i, j, k) in enumerate(product(range(2), repeat=3)):
        assert torch.equal(channels[:, number], grid[:, 0, i::2, j::2, k::2])


def test_every_weight_learns() -> None:
    made = body().train()
    made(densities(4)).square().mean().backward()
    for name, weight in made.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name
