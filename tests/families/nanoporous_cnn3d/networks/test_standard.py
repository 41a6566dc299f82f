"""The standard networks in 3D: shapes, and no face of the cell that they could see."""

import pytest
import torch
from torch import Tensor, nn

from matops.families.nanoporous_cnn3d.config import NetworkKind
from matops.families.nanoporous_cnn3d.networks.standard import StandardBody, standard_body

N = 32
STRIDE_16: dict[NetworkKind, str] = {"resnet10": "layer4", "densenet121": "features.denseblock3"}
"""The last part of each network that sees a sixteenth of the grid."""


@pytest.fixture(scope="module", params=STRIDE_16)
def kind(request: pytest.FixtureRequest) -> NetworkKind:
    found: NetworkKind = request.param
    return found


@pytest.fixture(scope="module")
def body(kind: NetworkKind) -> StandardBody:
    torch.manual_seed(0)
    return standard_body(kind).eval()


def parts(body: StandardBody, grid: Tensor) -> dict[str, Tensor]:
    """What every part of the network makes of a grid, where that is a grid."""
    seen: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, found, name=name: seen.update({name: found}))
        for name, module in body.network.named_modules()
    ]
    with torch.inference_mode():
        body(grid)
    for hook in hooks:
        hook.remove()
    return {name: found for name, found in seen.items() if found.ndim == 5}


def test_features_are_one_vector_a_grid(body: StandardBody) -> None:
    with torch.inference_mode():
        features = body(torch.rand(2, 1, N, N, N))
    assert features.shape == (2, body.width, 1, 1, 1)
    assert not torch.allclose(features[0], features[1])


def test_a_uniform_grid_is_uniform_in_every_part(body: StandardBody) -> None:
    """Zeros around the cell would show at its faces."""
    seen = parts(body, torch.full((1, 1, N, N, N), 0.3))
    assert len(seen) > 20
    for name, found in seen.items():
        flat = found.flatten(2)
        assert (flat.amax(2) - flat.amin(2)).max() <= 1e-4 * flat.abs().max() + 1e-6, name


def test_a_shift_by_the_stride_shifts_the_features(body: StandardBody, kind: NetworkKind) -> None:
    grid = torch.rand(1, 1, N, N, N)
    before, after = (parts(body, g)[STRIDE_16[kind]] for g in (grid, grid.roll((16, 16), (2, 4))))
    assert before.shape[2:] == (N // 16,) * 3
    assert torch.allclose(after, before.roll((1, 1), (2, 4)), atol=1e-4)
    assert not torch.allclose(after, before, atol=1e-3)


def test_nothing_pads_with_zeros(body: StandardBody) -> None:
    padded = [m for m in body.modules() if isinstance(m, nn.Conv3d) and any(m.padding)]
    assert len(padded) > 5
    assert {module.padding_mode for module in padded} == {"circular"}
    assert not any(isinstance(m, nn.MaxPool3d) and m.padding for m in body.modules())
