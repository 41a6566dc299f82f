import numpy as np
import pytest
import torch

from matops.families.nanoporous_cnn3d.metal.structure import density
from matops.families.nanoporous_cnn3d.networks.periodic import (
    Symmetry,
    block_means,
    three_orientations,
    unpack_voxels,
)

STILL = (False, False, False)


def grid(n: int = 8, batch: int = 3) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy((rng.random((batch, n, n, n)) < 0.4).astype(np.uint8))


def test_bits_unpack_to_the_voxels_that_were_packed() -> None:
    voxels = grid()
    bits = torch.from_numpy(np.packbits(voxels.numpy().reshape(3, -1), axis=1))
    assert torch.equal(unpack_voxels(bits, 8), voxels)


def test_block_means_are_the_density() -> None:
    voxels = grid()
    means = block_means(voxels, 4)
    assert np.allclose(means[1].numpy(), density(voxels[1].numpy().astype(bool), 4))
    assert torch.allclose(block_means(voxels.float(), 4), means)


def test_views_put_the_load_axis_first() -> None:
    layered = torch.zeros(1, 6, 6, 6)
    layered[:, :, :, ::2] = 1.0
    [[along_x, along_y, along_z]] = three_orientations(layered)
    assert torch.equal(along_x, layered[0])
    assert float(along_z.std(0).mean()) > 0.4
    for view in (along_x, along_y):
        assert float(view.std(0).max()) == 0.0


def test_symmetry_reflects_and_shifts_grids_of_any_resolution_alike() -> None:
    voxels = grid(8, 1)
    symmetry = Symmetry((True, False, True), (0.25, 0.5, 0.75), swapped=False)
    expected = np.roll(np.flip(voxels.numpy(), (1, 3)), (2, 4, 6), (1, 2, 3))
    assert np.array_equal(symmetry.move(voxels).numpy(), expected)
    coarse = block_means(voxels, 4)
    assert torch.allclose(symmetry.move(coarse), block_means(symmetry.move(voxels), 4))


def test_drawn_symmetries_differ_and_keep_to_their_parts() -> None:
    torch.manual_seed(0)
    drawn = [Symmetry.draw(4) for _ in range(60)]
    assert len(set(drawn)) > 40
    assert {part for s in drawn for part in s.shift} == {0.0, 0.25, 0.5, 0.75}
    assert {s.swapped for s in drawn} == {True, False}
    for axis in range(3):
        assert {s.reflected[axis] for s in drawn} == {True, False}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_symmetry_keeps_what_a_load_along_each_axis_sees(axis: int) -> None:
    torch.manual_seed(axis)
    voxels = grid(batch=1)
    across = [1 + other for other in range(3) if other != axis]
    profile = voxels.sum(across).flatten().sort().values
    for _ in range(10):
        moved = Symmetry.draw(8).move(voxels)
        assert torch.equal(moved.sum(across).flatten().sort().values, profile)


def test_turning_a_view_swaps_the_axes_across_the_load_only() -> None:
    views = three_orientations(grid(batch=2).float())
    turned = Symmetry(STILL, (0.0, 0.0, 0.0), swapped=True).turn(views)
    assert torch.equal(turned, views.transpose(3, 4))
    assert torch.equal(turned.sum((3, 4)), views.sum((3, 4)))
    assert torch.equal(Symmetry(STILL, (0.0, 0.0, 0.0), swapped=False).turn(views), views)
