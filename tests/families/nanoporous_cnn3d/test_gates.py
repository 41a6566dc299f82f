from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from matops.core.quality.gate import Measurement, judge
from matops.families.nanoporous_cnn3d.config import PRESETS
from matops.families.nanoporous_cnn3d.gates import (
    bound_excess_share,
    measure_physics,
    nanoporous_gates,
    softened_share,
    thickened,
)
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal, write_payload
from matops.families.nanoporous_cnn3d.morphology.physical import (
    continuum_bound_GPa,
    continuum_stiffness_GPa,
)

VOXELS = 16


def shares(payloads: Sequence[dict]) -> np.ndarray:
    """A lawful model: what fills the planes across an axis, averaged in series."""
    rows = []
    for payload in payloads:
        solid = parse_metal(payload).geometry.solid(VOXELS)
        planes = [solid.mean(tuple(a for a in range(3) if a != axis)) for axis in range(3)]
        rows.append([1.0 / np.mean(1.0 / np.maximum(p, 1e-3)) for p in planes])
    return np.array(rows)


def physics(predict: Callable, samples: list) -> dict[str, Measurement]:
    full = PRESETS["full"]
    config = replace(full, grid=replace(full.grid, voxels=VOXELS))
    return measure_physics(predict, [write_payload(sample) for sample in samples], config)


def measured(predict: Callable, waves: Callable) -> dict[str, float]:
    samples = [waves(seed) for seed in range(3)]
    return {name: m.value for name, m in physics(predict, samples).items()}


def test_lawful_model_passes_every_physics_gate(waves: Callable) -> None:
    found = measured(shares, waves)
    assert found.pop("physics.bound_excess_share") == 0.0
    assert max(found.values()) < 1e-9


@pytest.mark.parametrize(
    ("broken", "metric"),
    [
        (lambda p: shares(p)[:, [0, 2, 1]] * [1, 2, 3], "invariance.rotation"),
        (lambda p: shares(p) + np.array([0.0, 0.0, 1.0]), "physics.isotropic_body"),
        (lambda p: shares(p) + 500.0, "physics.bound_excess_share"),
        (
            lambda p: (
                np.array([parse_metal(x).geometry.solid(16)[:1].mean((1, 2)) for x in p])
                * np.full(3, METALS["Au"].C11_GPa)
            ),
            "invariance.shift",
        ),
        (
            lambda p: (
                np.array([(parse_metal(x).geometry.solid(16) * np.arange(16)).mean() for x in p])[
                    :, None
                ]
                * np.full(3, METALS["Au"].C11_GPa)
            ),
            "invariance.reflection",
        ),
    ],
)
def test_each_gate_fails_the_model_that_breaks_its_law(
    broken: Callable, metric: str, waves: Callable
) -> None:
    samples = [waves(seed) for seed in range(3)]
    config = PRESETS["full"]
    found = physics(broken, samples)
    exact = physics(shares, samples)
    gates = [gate for gate in nanoporous_gates(config) if gate.metric == metric]
    assert len(gates) == 1
    assert judge(gates, exact).accepted
    assert not judge(gates, found).accepted


def test_bound_lies_between_the_labels_and_what_uniform_strain_stores(waves: Callable) -> None:
    """The softened elements that explain labels are below it, the Voigt bound far above."""
    sample = waves(0)
    bound_GPa = continuum_bound_GPa(sample)
    assert (continuum_stiffness_GPa(sample).values < 0.9 * bound_GPa).all()
    assert (bound_GPa < 0.5 * sample.solid_fraction * METALS["Au"].C11_GPa).all()
    assert bound_excess_share(0.999 * bound_GPa[None], [sample]) == 0.0
    above = np.array([[1.001, 0.5, 0.5]]) * bound_GPa
    assert bound_excess_share(above, [sample]) == pytest.approx(1 / 3)
    assert bound_excess_share(np.full((1, 3), np.nan), [sample]) == 1.0


def test_bound_of_a_solid_block_is_its_own_stiffness(voxels: Callable) -> None:
    block = voxels(np.ones((16, 16, 16), dtype=bool))
    assert continuum_bound_GPa(block) == pytest.approx(np.full(3, METALS["Au"].C11_GPa), rel=1e-3)


def test_thickened_structure_contains_the_thin_one_and_is_stiffer(waves: Callable) -> None:
    solid = waves(0).geometry.solid(40)
    thick = thickened(solid)
    assert (thick | solid == thick).all()
    assert thick.mean() - solid.mean() == pytest.approx(0.02, abs=2e-3)
    assert thickened(np.ones((8, 8, 8), dtype=bool)).all()


def test_model_that_softens_with_more_solid_is_counted(waves: Callable) -> None:
    samples = [waves(seed) for seed in range(3)]
    assert softened_share(shares, samples, VOXELS) == 0.0
    assert softened_share(lambda p: -shares(p), samples, VOXELS) == 1.0
    assert softened_share(lambda p: np.ones((len(p), 3)), samples, VOXELS) == 1.0


def test_share_above_the_bound_is_that_of_the_limits(waves: Callable) -> None:
    found = physics(lambda p: np.array([[500.0, 1.0, 1.0]] * len(p)), [waves(0)])
    full = PRESETS["full"]
    for allowed, accepted in ((0.0, False), (0.3, False), (0.4, True)):
        config = replace(full, limits=replace(full.limits, bound_share=allowed))
        gates = [g for g in nanoporous_gates(config) if g.metric == "physics.bound_excess_share"]
        assert judge(gates, found).accepted == accepted
