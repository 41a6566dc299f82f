"""The gates: broken models are caught, a good one passes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.data.record import Payload
from matops.core.quality.gate import Gate, Measurement, judge
from matops.families.elastic_cgcnn.config import DEMO_LIMITS, PRESETS, ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.gates import (
    elastic_gates,
    measure_invariance,
    measure_physics,
    reordered,
    rotated,
    supercell,
    unphysical_share,
)

Array = NDArray[np.float64]
Rule = Callable[[Crystal], float]
CONFIG = ElasticConfig()


def predictor(rule: Rule) -> Callable[[Sequence[Payload]], Array]:
    """A model that answers ``rule`` as log10 K and half of it as log10 G."""

    def predict(payloads: Sequence[Payload]) -> Array:
        answers = np.array([rule(parse_crystal(payload)) for payload in payloads])
        return np.stack([answers, answers / 2], axis=1)

    return predict


def by_volume(crystal: Crystal) -> float:
    return 3.0 - float(np.log10(crystal.volume_A3 / len(crystal.numbers)))


def by_first_atom(crystal: Crystal) -> float:
    return 1.0 + float(crystal.numbers[0]) / 100


def by_direction(crystal: Crystal) -> float:
    """Takes the first component of each lattice vector for something of meaning."""
    shape = np.abs(crystal.lattice_A[:, 0]).max() / np.cbrt(crystal.volume_A3)
    return 1.0 + float(shape) / 10


def by_cell(crystal: Crystal) -> float:
    return 1.0 + len(crystal.numbers) / 100


def by_origin(crystal: Crystal) -> float:
    return 1.0 + float(crystal.frac_coords[:, 0].min())


BROKEN: dict[str, tuple[Rule, set[str]]] = {
    "first atom": (by_first_atom, {"invariance.atom order"}),
    "direction": (by_direction, {"invariance.rotation", "invariance.supercell"}),
    "cell": (by_cell, {"invariance.supercell"}),
    "origin": (by_origin, {"invariance.atom order", "invariance.supercell"}),
}


def payloads_of(crystals: list[Crystal]) -> list[dict[str, Any]]:
    return [crystal.payload() for crystal in crystals]


def failing(measured: dict[str, Measurement]) -> set[str]:
    """Metrics of those gates that were measured and don't hold."""
    verdict = judge(elastic_gates(CONFIG), measured)
    return {result.gate.metric for result in verdict.failures if result.gate.metric in measured}


def test_good_model_passes_every_gate_on_physics(crystals: list[Crystal]) -> None:
    measured = measure_physics(predictor(by_volume), payloads_of(crystals), CONFIG)
    assert set(measured) == {
        "physics.unphysical_share",
        "invariance.rotation",
        "invariance.supercell",
        "invariance.atom order",
    }
    assert failing(measured) == set()
    assert all(measurement.rows == len(crystals) for measurement in measured.values())


@pytest.mark.parametrize(("rule", "caught"), BROKEN.values(), ids=BROKEN)
def test_model_that_sees_the_description_instead_of_the_crystal_is_caught(
    rule: Rule, caught: set[str], crystals: list[Crystal]
) -> None:
    found = failing(measure_invariance(predictor(rule), crystals))
    assert found
    assert found <= caught
    assert BROKEN_ALWAYS[rule] in found


BROKEN_ALWAYS = {
    by_first_atom: "invariance.atom order",
    by_direction: "invariance.rotation",
    by_cell: "invariance.supercell",
    by_origin: "invariance.atom order",
}


@pytest.mark.parametrize(("change", "passes"), [(0.9e-4, True), (1.1e-4, False)])
def test_limit_of_invariance_is_sharp(change: float, passes: bool, crystals: list[Crystal]) -> None:
    measured = measure_invariance(
        predictor(lambda crystal: change * (len(crystal.numbers) > 20)), crystals
    )
    assert (failing(measured) == set()) is passes


def test_model_that_answers_not_a_number_is_caught(crystals: list[Crystal]) -> None:
    measured = measure_physics(
        predictor(lambda crystal: float("nan")), payloads_of(crystals), CONFIG
    )
    assert failing(measured) == set(measured)


def test_unphysical_share_counts_moduli_that_no_crystal_has() -> None:
    def log10(*pairs: tuple[float, float]) -> Array:
        with np.errstate(divide="ignore"):
            return np.log10(np.array(pairs))

    assert unphysical_share(log10((100, 40), (999, 900))) == 0.0
    assert unphysical_share(log10((100, 40), (1001, 40), (100, 1001), (200, 80))) == 0.5
    assert unphysical_share(np.array([[np.nan, 1.0], [2.0, 1.0]])) == 0.5
    assert unphysical_share(np.array([[-np.inf, 1.0]])) == 1.0


@pytest.mark.parametrize(("stiffest_GPa", "passes"), [(999.0, True), (1001.0, False)])
def test_one_unphysical_answer_fails_the_gate(
    stiffest_GPa: float, passes: bool, crystals: list[Crystal]
) -> None:
    def rule(crystal: Crystal) -> float:
        return float(np.log10(stiffest_GPa)) if crystal.symbols[0] == "Fe" else 2.0

    measured = measure_physics(predictor(rule), payloads_of(crystals), CONFIG)
    assert (failing(measured) == set()) is passes
    assert measured["physics.unphysical_share"].value == pytest.approx(
        0.0 if passes else 1 / len(crystals)
    )


def test_gates_cover_error_coverage_width_invariance_physics_and_latency() -> None:
    gates = {gate.metric: gate for gate in elastic_gates(CONFIG)}
    expected = {
        "K_VRH.mae": ("<=", "log10(GPa)"),
        "G_VRH.mae": ("<=", "log10(GPa)"),
        "K_VRH.coverage_high": (">=", "1"),
        "G_VRH.coverage_high": (">=", "1"),
        "K_VRH.interval_half_width": ("<=", "log10(GPa)"),
        "G_VRH.interval_half_width": ("<=", "log10(GPa)"),
        "invariance.rotation": ("<=", "log10(GPa)"),
        "invariance.supercell": ("<=", "log10(GPa)"),
        "invariance.atom order": ("<=", "log10(GPa)"),
        "physics.unphysical_share": ("<=", "1"),
        "latency.p95": ("<=", "ms"),
    }
    assert {metric: (g.comparison, g.unit) for metric, g in gates.items()} == expected
    assert all(gate.source and gate.name for gate in gates.values())
    assert len({gate.name for gate in gates.values()}) == len(gates)


def just_passing(gates: Sequence[Gate]) -> dict[str, Measurement]:
    towards = {"<=": 0.99, ">=": 1.01}
    return {g.metric: Measurement(g.limit * towards[g.comparison], g.unit) for g in gates}


@pytest.mark.parametrize("preset", PRESETS)
def test_each_gate_can_fail_by_itself(preset: str) -> None:
    gates = elastic_gates(PRESETS[preset])
    measured = just_passing(gates)
    assert judge(gates, measured).accepted
    for gate in gates:
        step = 0.01 * max(abs(gate.limit), 1e-3)
        worse = gate.limit + (step if gate.comparison == "<=" else -step)
        verdict = judge(gates, measured | {gate.metric: Measurement(worse, gate.unit)})
        assert [result.gate for result in verdict.failures] == [gate]


def test_limits_come_from_the_configuration() -> None:
    limits = replace(DEMO_LIMITS, mae_K=0.011, latency_ms=7.0)
    gates = {gate.metric: gate.limit for gate in elastic_gates(ElasticConfig(limits=limits))}
    assert (gates["K_VRH.mae"], gates["latency.p95"]) == (0.011, 7.0)
    assert gates["G_VRH.mae"] == DEMO_LIMITS.mae_G


@pytest.mark.parametrize("rewrite", [rotated, supercell, reordered])
def test_rewritten_crystal_keeps_its_distances_and_composition(
    rewrite: Callable[[Crystal, np.random.Generator], Crystal], crystals: list[Crystal]
) -> None:
    """The rewriting itself must be right, else the gate would reject good models."""
    from matops.families.elastic_cgcnn.graph.neighbours import nearest_neighbours

    rng = np.random.default_rng(5)
    for crystal in crystals:
        other = rewrite(crystal, rng)
        times = len(other.numbers) // len(crystal.numbers)
        assert other.volume_A3 == pytest.approx(times * crystal.volume_A3)
        assert other.reduced_formula == crystal.reduced_formula
        before, after = (nearest_neighbours([c], 12, 8.0) for c in (crystal, other))
        expected = np.sort(np.tile(before.distance_A, times))
        assert np.sort(after.distance_A) == pytest.approx(expected, abs=1e-6)
    assert times == (2 if rewrite is supercell else 1)
