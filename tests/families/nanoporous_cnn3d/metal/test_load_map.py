from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.config import GridConfig, NanoporousConfig, NetworkConfig
from matops.families.nanoporous_cnn3d.features import featurize
from matops.families.nanoporous_cnn3d.metal.load_map import EDGE, LoadMap, box_averages
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import group_of, parse_metal, write_payload
from matops.families.nanoporous_cnn3d.model import StiffnessNetwork
from matops.families.nanoporous_cnn3d.morphology.physical import continuum_stiffness_GPa

CONFIG = NanoporousConfig(
    grid=GridConfig(voxels=16, density_voxels=16), network=NetworkConfig(widths=(8, 16))
)


@pytest.mark.parametrize(("fine", "coarse"), [(20, 8), (8, 8), (8, 4), (8, 5), (6, 1)])
def test_averages_keep_the_mean_and_constants(fine: int, coarse: int) -> None:
    matrix = box_averages(fine, coarse)
    values = np.random.default_rng(0).random(fine)
    assert matrix.shape == (coarse, fine)
    assert (matrix @ values).mean() == pytest.approx(values.mean())
    assert matrix @ np.ones(fine) == pytest.approx(np.ones(coarse))


def test_mean_of_the_map_is_the_stiffness(waves: Callable) -> None:
    found = continuum_stiffness_GPa(waves(0))
    load_map = LoadMap.of(found.local).array().astype(float)
    assert load_map.mean((1, 2, 3)) == pytest.approx(found.values, rel=2e-3)
    assert (load_map >= 0).all()


def test_map_goes_with_the_payload_and_changes_no_group(waves: Callable) -> None:
    plain = waves(0)
    local = np.random.default_rng(0).random((3, 16, 16, 16)).astype(np.float32)
    mapped = replace(plain, load_map=LoadMap.of(local))
    assert parse_metal(write_payload(mapped)) == mapped
    assert group_of(mapped) == group_of(plain)
    assert "load_map" not in write_payload(plain)["waves"]


@pytest.mark.parametrize("text", [None, 3, "", "AAAA", "not Base64!"])
def test_text_that_is_no_map_is_refused(text: object) -> None:
    with pytest.raises(BadInput, match="load_map"):
        LoadMap.decode(text)
    infinite = LoadMap(np.full(3 * EDGE**3, np.inf, dtype="<f2").tobytes())
    with pytest.raises(BadInput, match="not finite"):
        LoadMap.decode(infinite.encode())


def test_features_hold_maps_where_there_are_some(waves: Callable) -> None:
    mapped = replace(waves(0), load_map=LoadMap.of(np.ones((3, 8, 8, 8), dtype=np.float32)))
    assert "sample.load_map" not in featurize([waves(0)], CONFIG.grid).tensors
    both = featurize([mapped, waves(1)], CONFIG.grid).tensors["sample.load_map"]
    assert both[0].numpy() == pytest.approx(1.0 / METALS["Au"].C11_GPa)
    assert both[1].isnan().all()


def misfit(samples: list, seed: int, scale: tuple[float, float] | None = None) -> float:
    torch.manual_seed(0)
    network = StiffnessNetwork(CONFIG).train()
    if scale is not None:
        network.load_map_scale.data = torch.tensor(scale)
        torch.nn.init.zeros_(network.output.weight)
    torch.manual_seed(seed)
    features = featurize(samples, CONFIG.grid)
    network(features.batch(torch.arange(len(samples))))
    return float(network.side_loss().detach())


def test_misfit_is_one_weight_where_only_the_mean_is_right(waves: Callable) -> None:
    """A map that is the same everywhere explains none of the variance."""
    samples = []
    for seed in range(3):
        local = np.random.default_rng(seed).random((3, 8, 8, 8)).astype(np.float32)
        samples.append(replace(waves(seed), load_map=LoadMap.of(local)))
    unit = 0.025 * METALS["Au"].C11_GPa
    flat = misfit(samples, 0, (0.5 / unit, 0.0))
    assert flat == pytest.approx(CONFIG.network.load_map_weight, rel=0.05)


def test_samples_without_a_map_have_no_side_loss(waves: Callable) -> None:
    assert misfit([waves(0), waves(1)], 0) == 0.0
    mapped = replace(waves(0), load_map=LoadMap.of(np.ones((3, 8, 8, 8), dtype=np.float32)))
    assert misfit([mapped, waves(1)], 0) > 0.0


def test_map_and_grid_move_together(waves: Callable) -> None:
    """A network that sees only the local density must find it where the map says it is."""
    sample = waves(2)
    features = featurize([sample], CONFIG.grid)
    network = StiffnessNetwork(CONFIG).train()
    block = torch.from_numpy(sample.geometry.solid(16)).float().reshape(8, 2, 8, 2, 8, 2)
    local = block.mean((1, 3, 5)).expand(3, 8, 8, 8).numpy()
    mapped = replace(sample, load_map=LoadMap.of(local.astype(np.float32)))
    batch = featurize([mapped], CONFIG.grid).batch(torch.arange(1))
    unit = 0.025 * METALS["Au"].C11_GPa
    network.load_map_scale.data = torch.tensor([0.5 / unit, 1.0 / unit])
    for seed in range(8):
        torch.manual_seed(seed)
        symmetry = network._draw_symmetry(batch)
        views = network._views(batch, symmetry)[:, 0]
        seen = views.reshape(1, 3, 8, 2, 8, 2, 8, 2).mean((3, 5, 7))
        assert network._load_map_loss(batch, symmetry, seen).item() < 1e-5
    assert "sample.load_map" not in features.tensors
