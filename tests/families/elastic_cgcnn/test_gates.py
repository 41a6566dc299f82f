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
    RATTLE_A,
    distorted,
    elastic_gates,
    measure_invariance,
    measure_physics,
    reordered,
    rotated,
    softening_share,
    supercell,
    unusual_poisson_share,
)

Array = NDArray[np.float64]
Rule = Callable[[Crystal], float]
CONFIG = ElasticConfig()


def predictor(rule: Rule) -> Callable[[Sequence[Payload]], Array]:
    """A model that answers ``rule`` as log10 K, and half of that modulus as G."""

    def predict(payloads: Sequence[Payload]) -> Array:
        answers = np.array([rule(parse_crystal(payload)) for payload in payloads])
        return np.stack([answers, answers - np.log10(2)], axis=1)

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
        "physics.unusual_poisson_share",
        "physics.unusual_poisson_share_distorted",
        "physics.softening_share",
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


def test_poisson_ratios_that_real_crystals_hardly_have_are_counted() -> None:
    def log10(*pairs: tuple[float, float]) -> Array:
        return np.log10(np.array(pairs))

    usual = [(100.0, 40.0), (443.0, 520.0), (117.0, 61.0)]  # the second is diamond
    assert unusual_poisson_share(log10(*usual)) == 0.0
    # gold is near the upper limit: 0.42; its moduli exchanged are far below the lower one
    assert unusual_poisson_share(log10((173.0, 27.8), (27.8, 173.0))) == 0.5
    assert unusual_poisson_share(log10(*usual, (100.0, 3.0))) == 0.25
    assert unusual_poisson_share(np.array([[np.nan, 1.0], [2.0, 1.6]])) == 0.5
    assert unusual_poisson_share(np.array([[np.inf, np.inf]])) == 1.0


@pytest.mark.parametrize(("odd", "passes"), [(1, True), (2, False)])
def test_one_crystal_of_24_may_leave_the_usual_range(
    odd: int, passes: bool, cubic: Callable[..., Crystal]
) -> None:
    crystals = [cubic("fcc", 3.6 + 0.01 * n) for n in range(24)]

    def predict(payloads: Sequence[Payload]) -> Array:
        edges_A = np.array([parse_crystal(p).lattice_A.max() for p in payloads])
        log_K = 2.6 - edges_A / 10
        return np.stack([log_K, log_K + np.where(edges_A < 3.595 + 0.01 * odd, 0.3, -0.3)], 1)

    measured = measure_physics(predict, payloads_of(crystals), CONFIG)
    assert measured["physics.unusual_poisson_share"].value == pytest.approx(odd / 24)
    assert ("physics.unusual_poisson_share" not in failing(measured)) is passes


def test_distorted_crystal_keeps_its_atoms_near_their_sites(crystals: list[Crystal]) -> None:
    rng = np.random.default_rng(3)
    for crystal in crystals:
        other = distorted(crystal, rng)
        moved = (other.frac_coords - crystal.frac_coords + 0.5) % 1.0 - 0.5
        away_A = np.linalg.norm(moved @ other.lattice_A, axis=1)
        assert away_A == pytest.approx(np.full(len(away_A), RATTLE_A))
        assert 0 < abs(other.volume_A3 / crystal.volume_A3 - 1) < 0.3


def test_bulk_modulus_that_does_not_rise_under_compression_is_counted(
    crystals: list[Crystal],
) -> None:
    assert softening_share(predictor(by_volume), crystals) == 0.0
    assert softening_share(predictor(lambda c: -by_volume(c)), crystals) == 1.0
    assert softening_share(predictor(lambda crystal: 2.0), crystals) == 1.0


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
        "physics.unusual_poisson_share": ("<=", "1"),
        "physics.unusual_poisson_share_distorted": ("<=", "1"),
        "physics.softening_share": ("<=", "1"),
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
