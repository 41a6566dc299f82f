"""Designs for screening, and their confirmation by the simulation."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.artifacts.configuration import resolve_config
from matops.core.data.record import Quarantined
from matops.core.exploring.screening import Merit
from matops.core.family import FamilyConfig
from matops.families import get_family
from matops.families.nanoporous_cnn3d.config import NanoporousConfig, SimulationConfig
from matops.families.nanoporous_cnn3d.designs import OBJECTIVES, make_design
from matops.families.nanoporous_cnn3d.metal.payloads import group_of, parse_metal, write_payload
from matops.families.nanoporous_cnn3d.morphology.physical import run_continuum_task
from matops.families.nanoporous_cnn3d.simulation import draw_metal
from matops.simulators.ledger import Ledger, read_records, task_key

FAMILY = get_family("nanoporous_cnn3d")


def changed(**changes: Any) -> FamilyConfig:
    """The demo with fields changed; keywords write ``.`` as ``__``."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return resolve_config(FAMILY, "demo", named)


def test_a_design_is_the_same_whenever_it_is_asked_for() -> None:
    config = FAMILY.preset("demo")
    forwards = [FAMILY.design(index, 3, config) for index in range(6)]
    backwards = [FAMILY.design(index, 3, config) for index in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert len({group_of(parse_metal(payload)) for payload in forwards}) == 6
    assert FAMILY.design(2, 4, config) != forwards[2]


def test_designs_are_none_of_a_campaign() -> None:
    config = NanoporousConfig(simulation=SimulationConfig(cells=10, hkl_squared=2))
    simulated = {group_of(draw_metal(config.simulation, index)) for index in range(50)}
    for seed in (0, 1):
        designs = {group_of(parse_metal(make_design(i, seed, config))) for i in range(50)}
        assert len(designs) == 50
        assert designs.isdisjoint(simulated)


def test_designs_are_of_the_configured_kind() -> None:
    config = FAMILY.preset("demo")
    samples = [parse_metal(make_design(index, 0, config)) for index in range(100)]
    fractions = np.array([sample.geometry.solid_fraction for sample in samples])
    assert ((fractions >= 0.4) & (fractions <= 0.6)).all()
    assert fractions.std() == pytest.approx(0.2 / np.sqrt(12), rel=0.2)
    assert {sample.metal for sample in samples} == {"Au"}
    assert {sample.cell_A for sample in samples} == {40.80}
    assert {sample.geometry.hkl_squared for sample in samples} == {2}


@pytest.mark.parametrize(
    "changes",
    [
        {"simulation__engine": "finite_elements"},
        {"simulation__count": 7},
        {"training__epochs": 3},
        {"grid__descriptors": "none"},
        {"network__hidden": 8},
        {"split__test": 0.3},
        {"limits__mae_GPa": 9.0},
    ],
)
def test_what_a_design_does_not_read_is_not_in_its_key(changes: dict[str, Any]) -> None:
    demo, other = FAMILY.preset("demo"), changed(**changes)
    assert other != demo
    assert FAMILY.design_key(other) == FAMILY.design_key(demo)
    assert FAMILY.design(5, 1, other) == FAMILY.design(5, 1, demo)


@pytest.mark.parametrize(
    "changes",
    [
        {"simulation__metal": "Ag"},
        {"simulation__cells": 12},
        {"simulation__hkl_squared": 3},
        {"simulation__seed": 5},
        {"simulation__least_solid_fraction": 0.5},
        {"simulation__most_solid_fraction": 0.5},
    ],
)
def test_what_a_design_reads_is_in_its_key(changes: dict[str, Any]) -> None:
    demo, other = FAMILY.preset("demo"), changed(**changes)
    assert FAMILY.design(5, 1, other) != FAMILY.design(5, 1, demo)
    assert FAMILY.design_key(other) != FAMILY.design_key(demo)


def test_confirmation_has_an_outcome_for_each_payload_in_order(
    campaign: Any, tmp_path: Path
) -> None:
    """Designs that were simulated before, one of them refused, one of them asked for twice."""
    config = replace(FAMILY.preset("demo"), simulation=campaign.config)
    first, second, third = (write_payload(draw_metal(campaign.config, i)) for i in (4, 2, 9))
    rows = read_records(campaign.work_dir)
    key = task_key(run_continuum_task, {"payload": second})
    refusal = {"accepted": False, "reason": "not converged", "detail": "after 1000 iterations"}
    with closing(Ledger(tmp_path)) as ledger:
        for row in rows.values():
            ledger.add(replace(row, result=refusal) if row.key == key else row)

    given = [first, second, third, first]
    steps: list[tuple[int, int, str]] = []
    told = FAMILY.confirm(given, config, tmp_path, 1, lambda *step: steps.append(step))
    outcomes: list[Any] = list(told)
    assert steps == [(3, 3, "structures")]
    assert outcomes == [outcomes[0], outcomes[1], outcomes[2], outcomes[0]]
    confirmed = [outcomes[0], outcomes[2]]
    assert [record.targets for record in confirmed] == [
        campaign.items[index].targets for index in (4, 9)
    ]
    names = [f"design {group_of(parse_metal(payload))}" for payload in given]
    assert [record.provenance.origin for record in confirmed] == [names[0], names[2]]
    assert outcomes[1] == Quarantined(names[1], "not converged: after 1000 iterations")


def test_objectives_are_weight_against_stiffness() -> None:
    payload = FAMILY.design(0, 0, FAMILY.preset("demo"))
    assert FAMILY.objectives is OBJECTIVES
    assert OBJECTIVES.cost.of(payload) == parse_metal(payload).solid_fraction
    merits: dict[str, Merit] = {merit.name: merit for merit in OBJECTIVES.merits}
    stiffness_GPa = np.array([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]])
    assert merits["mean_C_ii"].of(stiffness_GPa).tolist() == [3.0, 4.0]
    assert merits["least_C_ii"].of(stiffness_GPa).tolist() == [1.0, 4.0]
