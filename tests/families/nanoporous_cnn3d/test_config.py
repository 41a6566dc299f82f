"""What a configuration may say: fields that don't fit each other are refused in one line."""

from dataclasses import fields
from typing import Any, get_args

import pytest
import torch

from matops.artifacts.configuration import resolve_config
from matops.core.errors import BadInput
from matops.families import get_family
from matops.families.nanoporous_cnn3d.config import (
    PRESETS,
    GridConfig,
    NanoporousConfig,
    NetworkConfig,
    NetworkKind,
)
from matops.families.nanoporous_cnn3d.networks.compact import CompactBody

FAMILY = get_family("nanoporous_cnn3d")
DENSENETS = [kind for kind in get_args(NetworkKind) if kind.startswith("densenet")]


def resolved(**changes: Any) -> NanoporousConfig:
    """The full preset with fields changed; keywords write ``.`` as ``__``."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    config = resolve_config(FAMILY, "full", named)
    assert isinstance(config, NanoporousConfig)
    return config


@pytest.mark.parametrize("kind", DENSENETS)
def test_densenets_need_a_fine_grid(kind: NetworkKind) -> None:
    assert resolved(network__kind=kind, grid__voxels=64, grid__density_voxels=32)
    with pytest.raises(BadInput, match=f"{kind}.*must be 32 or more, not 16"):
        resolved(network__kind=kind)


def test_other_networks_need_four_voxels() -> None:
    for kind in ("compact", "resnet10", "descriptors"):
        assert resolved(network__kind=kind, grid__density_voxels=4)
        with pytest.raises(BadInput, match="must be 4 or more, not 2"):
            resolved(network__kind=kind, grid__density_voxels=2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid__voxels": 50}, r"voxels \(50\) must be a multiple of 8"),
        ({"grid__density_voxels": 10}, r"and of density_voxels \(10\)"),
        ({"grid__density_voxels": 6}, "a multiple of 4, not 6"),
        ({"network__widths": [8] * 3, "network__blocks": [1] * 3, "grid__density_voxels": 12}, "8"),
        ({"network__widths": [8, 16, 32]}, "the same levels, not 3 and 2"),
        ({"network__widths": [], "network__blocks": []}, "the same levels"),
        ({"network__kind": "densenet42"}, "network.kind: Input should be"),
        ({"grid__descriptors": "some"}, "grid.descriptors: Input should be"),
        ({"simulation__metal": "Fe"}, "unknown metal 'Fe'; known are Ag, Au"),
        ({"simulation__least_solid_fraction": 0.9}, "not from 0.9 to 0.42"),
        ({"simulation__least_solid_fraction": 0.0}, "not from 0 to 0.42"),
        ({"simulation__most_solid_fraction": 1.0}, "not from 0.22 to 1"),
        ({"grid__density_voxels": 0}, r"density_voxels \(0\) must lie between 1 and voxels"),
        ({"grid__voxels": 0}, r"between 1 and voxels \(0\)"),
        ({"grid__voxels": -48}, r"between 1 and voxels \(-48\)"),
        ({"grid__voxels": 800}, "160 or fewer"),
        ({"network__widths": [0, 8]}, "widths and hidden must be 1 or more"),
        ({"network__hidden": 0}, "widths and hidden must be 1 or more"),
        ({"network__blocks": [-1, 1]}, "blocks and load_map_weight 0 or more"),
        ({"network__load_map_weight": -1.0}, "blocks and load_map_weight 0 or more"),
        ({"simulation__count": -3}, r"count \(-3\)"),
        ({"simulation__seed": -1}, r"seed \(-1\)"),
        ({"simulation__hkl_squared": -1}, "three squares from 1 to 64, not -1"),
        ({"simulation__hkl_squared": 7}, "three squares from 1 to 64, not 7"),
        ({"simulation__hkl_squared": 10**12}, "three squares from 1 to 64"),
        ({"simulation__engine": "pencil"}, "simulation.engine: Input should be"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        resolved(**changes)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("widths", "n"), [((4,), 6), ((4, 8), 8), ((4, 8, 8), 8)])
def test_stride_is_what_the_compact_network_does(widths: tuple[int, ...], n: int) -> None:
    network = NetworkConfig(widths=widths, blocks=(1,) * len(widths))
    body = CompactBody(network.widths, network.blocks)
    left = body(torch.rand(2, 1, n, n, n)).shape[2:]
    assert tuple(left) == (n // network.stride,) * 3


def test_presets_differ_in_what_their_names_say() -> None:
    assert set(PRESETS) == {"continuum", "full", "demo"}
    assert PRESETS["continuum"].simulation.engine == "finite_elements"
    assert PRESETS["full"].simulation.engine == "molecular_dynamics"
    assert PRESETS["demo"].simulation.count <= 200 < PRESETS["full"].simulation.count
    assert PRESETS["full"].limits.mae_GPa < PRESETS["demo"].limits.mae_GPa


def test_a_package_can_start_what_full_trains() -> None:
    """One body and one grid in the cheap and in the scarce preset."""
    cheap, scarce = PRESETS["continuum"], PRESETS["full"]
    assert cheap.network == scarce.network
    assert cheap.grid == scarce.grid


def test_feature_key_holds_what_features_read() -> None:
    full = resolved()
    for field in fields(NanoporousConfig):
        if field.name != "grid":
            other = PRESETS["demo"]
            mixed = NanoporousConfig(
                **{f.name: getattr(full, f.name) for f in fields(full) if f.name != field.name},
                **{field.name: getattr(other, field.name)},
            )
            assert FAMILY.feature_key(mixed) == FAMILY.feature_key(full)
    assert FAMILY.feature_key(resolved(grid__density_voxels=24)) == FAMILY.feature_key(full)
    for grid in ({"grid__voxels": 96}, {"grid__descriptors": "all"}):
        assert FAMILY.feature_key(resolved(**grid)) != FAMILY.feature_key(full)
    assert GridConfig() == full.grid
