from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from matops.core.errors import BadInput
from matops.core.learning.features import PackedFeatures
from matops.core.learning.transfer import freeze, load_start, stages
from matops.families.nanoporous_cnn3d.config import (
    PRESETS,
    Descriptors,
    GridConfig,
    NanoporousConfig,
    NetworkConfig,
)
from matops.families.nanoporous_cnn3d.features import descriptor_names, featurize
from matops.families.nanoporous_cnn3d.metal.load_map import LoadMap
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal
from matops.families.nanoporous_cnn3d.model import StiffnessNetwork, line_network
from matops.families.nanoporous_cnn3d.networks.standard import make_periodic, standard_body

SMALL = NanoporousConfig(
    grid=GridConfig(voxels=16, density_voxels=16), network=NetworkConfig(widths=(8, 16))
)


def network(config: NanoporousConfig = SMALL) -> StiffnessNetwork:
    torch.manual_seed(0)
    return StiffnessNetwork(config).eval()


def answers(model: nn.Module, samples: list[NanoporousMetal], config=SMALL) -> np.ndarray:
    features: PackedFeatures = featurize(samples, config.grid)
    with torch.inference_mode():
        return model(features.batch(torch.arange(len(samples)))).numpy()


def test_turning_the_structure_turns_the_answer(voxels: Callable) -> None:
    solid = np.random.default_rng(0).random((16, 16, 16)) < 0.4
    model = network()
    [before] = answers(model, [voxels(solid)])
    [x_for_y] = answers(model, [voxels(np.swapaxes(solid, 0, 1))])
    [x_for_z] = answers(model, [voxels(np.swapaxes(solid, 0, 2))])
    assert len(set(before.round(5))) == 3
    # The load axis is canonical; of the other two, either may come first.
    assert x_for_y[0] == pytest.approx(before[1], abs=1e-5)
    assert x_for_z[0] == pytest.approx(before[2], abs=1e-5)


def test_a_shift_by_the_stride_changes_nothing(voxels: Callable) -> None:
    solid = np.random.default_rng(1).random((16, 16, 16)) < 0.4
    model = network()
    before = answers(model, [voxels(solid)])
    stride = 2 * 2 ** (len(SMALL.network.widths) - 1)
    shifted = np.roll(solid, (stride, -stride, 2 * stride), (0, 1, 2))
    assert answers(model, [voxels(shifted)]) == pytest.approx(before, abs=1e-5)
    unaligned = np.roll(solid, 1, 0)
    assert answers(model, [voxels(unaligned)]) != pytest.approx(before, abs=1e-5)


def test_metal_and_size_say_nothing_before_they_are_learnt(waves: Callable) -> None:
    gold = waves(0)
    model = network()
    silver = replace(gold, metal="Ag", cell_A=50.0)
    assert answers(model, [silver]) == pytest.approx(answers(model, [gold]))
    nn.init.ones_(model.hidden.weight)
    assert answers(model, [silver]) != pytest.approx(answers(model, [gold]))


def test_training_sees_the_symmetries_and_evaluation_does_not(waves: Callable) -> None:
    model = network()
    first, again = (answers(model, [waves(0)]) for _ in range(2))
    assert np.array_equal(first, again)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm3d):
            norm.momentum = 0.0
    model.train()
    torch.manual_seed(1)
    found = {tuple(answers(model, [waves(0)])[0].round(4)) for _ in range(6)}
    assert len(found) > 1


def test_standard_network_is_periodic_and_keeps_the_canonical_axis(voxels: Callable) -> None:
    config = replace(SMALL, network=NetworkConfig(kind="resnet10"))
    model = network(config)
    solid = np.random.default_rng(2).random((16, 16, 16)) < 0.4
    [before] = answers(model, [voxels(solid)], config)
    [swapped] = answers(model, [voxels(np.swapaxes(solid, 0, 2))], config)
    assert swapped[0] == pytest.approx(before[2], abs=1e-4)
    for module in model.modules():
        if isinstance(module, nn.Conv3d) and any(module.padding):
            assert module.padding_mode == "circular"
        assert not (isinstance(module, nn.MaxPool3d) and module.padding)


def test_densenets_refuse_a_grid_that_they_would_halve_to_nothing() -> None:
    with pytest.raises(ValueError, match=r"densenet201.*32 or more, not 16"):
        replace(SMALL, network=NetworkConfig(kind="densenet201"))


def test_circular_padding_replaces_zeros() -> None:
    plain = nn.Sequential(nn.Conv3d(1, 1, 3, padding=1, bias=False), nn.MaxPool3d(3, 1, 1))
    periodic = make_periodic(plain)
    x = torch.rand(1, 1, 6, 6, 6)
    shifted = periodic(x.roll((1, 2, 3), (2, 3, 4)))
    assert torch.allclose(shifted, periodic(x).roll((1, 2, 3), (2, 3, 4)), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["densenet121", "densenet201", "resnet18"])
def test_every_standard_network_can_be_built(kind: str) -> None:
    body = standard_body(kind).eval()
    with torch.inference_mode():
        assert body(torch.rand(1, 1, 32, 32, 32)).shape == (1, body.width, 1, 1, 1)


def test_network_on_descriptors_sees_no_grid(waves: Callable) -> None:
    config = replace(
        SMALL,
        grid=replace(SMALL.grid, descriptors="morphology"),
        network=NetworkConfig(kind="descriptors"),
    )
    model = network(config)
    assert not any(isinstance(module, nn.Conv3d) for module in model.modules())
    assert answers(model, [waves(0), waves(1)], config).shape == (2, 3)


def test_fusion_uses_both(waves: Callable) -> None:
    config = replace(SMALL, grid=replace(SMALL.grid, descriptors="morphology"))
    model, samples = network(config), [waves(0)]
    nn.init.normal_(model.beside.hidden.weight)
    features = featurize(samples, config.grid)
    batch = features.batch(torch.arange(1))
    other = featurize([waves(1)], config.grid).batch(torch.arange(1))
    grid_of_other = {**batch.tensors, "sample.bits": other["sample.bits"]}
    numbers_of_other = {**batch.tensors, "sample.descriptors": other["sample.descriptors"]}
    with torch.inference_mode():
        before = model(batch)
        for tensors in (grid_of_other, numbers_of_other):
            assert not torch.allclose(model(replace(batch, tensors=tensors)), before)


def test_presets_build_networks_whose_stages_are_theirs() -> None:
    for config in PRESETS.values():
        model = StiffnessNetwork(config)
        children = dict(model.named_children())
        assert set(model.stages) <= set(children)


WITH_DESCRIPTORS = replace(SMALL, grid=replace(SMALL.grid, descriptors="morphology"))


def mapped_metals(waves: Callable) -> list[NanoporousMetal]:
    """Structures of several metals with load maps, so that no input is zero throughout."""
    found = []
    for seed, metal in enumerate(("Au", "Ag", "Pt", "Cu")):
        local = np.random.default_rng(seed).random((3, 8, 8, 8)).astype(np.float32)
        found.append(replace(waves(seed), metal=metal, load_map=LoadMap.of(local)))
    return found


@pytest.mark.parametrize("config", [SMALL, WITH_DESCRIPTORS])
def test_every_weight_learns_from_targets_and_load_maps(
    config: NanoporousConfig, waves: Callable
) -> None:
    model, samples = network(config).train(), mapped_metals(waves)
    features = featurize(samples, config.grid)
    error = model(features.batch(torch.arange(len(samples)))) - 1.0
    (error.square().mean() + model.side_loss()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name


def test_stiffness_is_the_mean_of_what_the_parts_contribute(waves: Callable) -> None:
    model, samples = network(), [waves(0), waves(1)]
    batch = featurize(samples, SMALL.grid).batch(torch.arange(2))
    with torch.inference_mode():
        parts = model._contributions(batch, None)
    assert parts.shape == (2, 3, 4, 4, 4)
    assert parts.mean((2, 3, 4)).numpy() == pytest.approx(answers(model, samples), abs=1e-6)


def trained(config: NanoporousConfig) -> dict[str, torch.Tensor]:
    """Weights that no fresh network has."""
    torch.manual_seed(9)
    state = StiffnessNetwork(config).state_dict()
    return {k: torch.rand_like(v) if v.is_floating_point() else v for k, v in state.items()}


def test_a_start_of_the_same_network_is_taken_whole(waves: Callable) -> None:
    model, start = network(), trained(SMALL)
    before = answers(model, [waves(0)])
    load_start(model, start)
    assert all(torch.equal(own, start[name]) for name, own in model.state_dict().items())
    assert answers(model, [waves(0)]) != pytest.approx(before)


def test_a_start_without_descriptors_is_the_whole_of_a_network_with_them(waves: Callable) -> None:
    model, start = network(WITH_DESCRIPTORS), trained(SMALL)
    assert load_start(model, start) == 0
    without = network(SMALL)
    without.load_state_dict(start)
    metals = [waves(0), waves(1)]
    assert answers(model, metals, WITH_DESCRIPTORS) == pytest.approx(answers(without, metals))


def test_a_start_of_another_body_is_refused() -> None:
    wider = replace(SMALL, network=NetworkConfig(widths=(12, 16)))
    with pytest.raises(BadInput, match="tensors of the body don't fit"):
        load_start(network(), trained(wider))


@pytest.mark.parametrize(("n_open", "open_ones"), [(1, {"output"}), (2, {"hidden", "output"})])
def test_frozen_stages_stay_and_what_belongs_to_none_learns(
    n_open: int, open_ones: set[str], waves: Callable
) -> None:
    model = network(WITH_DESCRIPTORS).train()
    freeze(model, n_open, keep_statistics=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    features = featurize(mapped_metals(waves), WITH_DESCRIPTORS.grid)
    error = model(features.batch(torch.arange(4))) - 1.0
    (error.square().mean() + model.side_loss()).backward()
    optimiser.step()
    after = model.state_dict()
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == open_ones | {"beside", "load_map_scale"}
    assert stages(model) == ("body", "hidden", "output")


@pytest.mark.parametrize("chosen", ["physical", "all"])
def test_line_network_answers_the_straight_line_on_physical_descriptors(
    chosen: Descriptors,
) -> None:
    """Also beside a body, which is silent then; morphology takes no part."""
    config = NanoporousConfig(grid=GridConfig(voxels=16, density_voxels=8, descriptors=chosen))
    rng, names = np.random.default_rng(0), descriptor_names(chosen)
    described = rng.normal(size=(20, 3, len(names)))
    targets = 2.0 * described[..., -2] - 0.5 * described[..., -1] + 0.3
    features = PackedFeatures(
        {
            "sample.bits": torch.from_numpy(rng.integers(0, 256, (20, 16**3 // 8), dtype=np.uint8)),
            "sample.material": torch.zeros(20, 4),
            "sample.descriptors": torch.from_numpy(described).float(),
        }
    )
    line = line_network(config, features, torch.from_numpy(targets).float())
    assert line is not None
    found = line(features.batch(torch.arange(20))).detach().numpy()
    assert found == pytest.approx(targets, abs=1e-4)
    assert line_network(NanoporousConfig(), features, torch.zeros(20, 3)) is None
