"""The source ``simulation``: metals as they are known, with provenance, resumed without repeats."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from matops.core.data.record import Quarantined, Record
from matops.core.data.shard import Shard
from matops.families.elastic_cgcnn.config import ElasticConfig, SimulationConfig
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.simulation import simulate_alloys
from matops.simulators import campaign as campaigns
from matops.simulators.ledger import RESULTS_FILE, TaskRecord, task_key

COUNT = 14
Items = list[Record | Quarantined]


def alloys(count: int) -> ElasticConfig:
    return ElasticConfig(simulation=SimulationConfig(count))


def run(work_dir: Path, count: int = COUNT) -> tuple[Items, list[tuple[int, int, str]]]:
    steps: list[tuple[int, int, str]] = []

    def progress(done: int, total: int, words: str) -> None:
        steps.append((done, total, words))

    return list(simulate_alloys(alloys(count), work_dir, 2, progress)), steps


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Items]:
    """A campaign of a few alloys, and where it keeps them."""
    work_dir = tmp_path_factory.mktemp("campaign")
    return work_dir, run(work_dir)[0]


def by_origin(items: Items) -> dict[str, Record]:
    return {item.provenance.origin: item for item in items if isinstance(item, Record)}


def test_metals_have_the_bulk_moduli_to_which_the_potentials_were_fitted(
    finished: tuple[Path, Items],
) -> None:
    """Foiles, Baskes and Daw fitted the elastic constants of the pure metals."""
    metals = by_origin(finished[1])
    experiment_GPa = {"Cu": 138, "Ag": 104, "Au": 167, "Ni": 180, "Pd": 195, "Pt": 283}
    for symbol, bulk_GPa in experiment_GPa.items():
        record = metals[f"A1 {symbol}"]
        assert record.targets["K_VRH"] == pytest.approx(bulk_GPa, rel=0.02)
        assert 0 < record.targets["G_VRH"] < record.targets["K_VRH"]


def test_record_holds_the_relaxed_crystal_and_where_it_comes_from(
    finished: tuple[Path, Items],
) -> None:
    record = by_origin(finished[1])["A1 Cu"]
    crystal = parse_crystal(record.payload)
    assert crystal.volume_A3 / len(crystal.numbers) == pytest.approx(3.615**3 / 4, rel=2e-3)
    assert record.group == "Cu"
    assert record.provenance.source == "simulation"
    assert record.provenance.engine.startswith("LAMMPS ")
    assert "Foiles" in record.provenance.method
    assert record.provenance.licence == "CC0-1.0"
    assert len(record.provenance.date.split("-")) == 3


def test_every_alloy_is_a_record_or_quarantined_with_a_reason(
    finished: tuple[Path, Items],
) -> None:
    items = finished[1]
    refused = [item for item in items if isinstance(item, Quarantined)]
    assert len(items) == COUNT
    assert len({getattr(i, "origin", "") or i.provenance.origin for i in items}) == COUNT
    assert refused
    assert all(item.origin and item.reason for item in refused)


def test_second_run_repeats_nothing_and_gives_the_same_records(
    finished: tuple[Path, Items],
) -> None:
    work_dir, before = finished
    results = (work_dir / RESULTS_FILE).read_bytes()
    again, steps = run(work_dir)
    assert (work_dir / RESULTS_FILE).read_bytes() == results
    assert steps == [(COUNT, COUNT, "alloys")]
    assert by_origin(again).keys() == by_origin(before).keys()
    for origin, record in by_origin(before).items():
        assert by_origin(again)[origin].id == record.id


def test_shards_together_are_the_campaign(finished: tuple[Path, Items], tmp_path: Path) -> None:
    work_dir, whole = finished
    shutil.copy(work_dir / RESULTS_FILE, tmp_path)
    shards = [
        list(simulate_alloys(alloys(COUNT), tmp_path, 1, silent, Shard(index, 2)))
        for index in range(2)
    ]
    assert [len(items) for items in shards] == [len(whole[0::2]), len(whole[1::2])]
    assert [names(items) for items in shards] == [names(whole[0::2]), names(whole[1::2])]


def names(items: Items) -> list[str]:
    return [i.provenance.origin if isinstance(i, Record) else i.origin for i in items]


def silent(done: int, total: int, words: str) -> None:
    pass


def test_larger_campaign_adds_to_the_smaller_one(finished: tuple[Path, Items]) -> None:
    work_dir, before = finished
    more, steps = run(work_dir, COUNT + 1)
    assert steps[0][:2] == (COUNT, COUNT + 1)
    assert len(steps) == 2
    assert set(by_origin(before)) <= set(by_origin(more))


def test_progress_counts_up_to_the_number_of_alloys(tmp_path: Path) -> None:
    _, steps = run(tmp_path, 2)
    assert steps == [(0, 2, "alloys"), (1, 2, "alloys"), (2, 2, "alloys")]


def test_failed_unstable_and_unphysical_simulations_are_quarantined_each_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = {"lattice_A": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "frac_coords": [[0, 0, 0]]}
    done = {"accepted": True, **cell, "species": ["Cu"], "K_VRH_GPa": 138.0, "G_VRH_GPa": 55.0}
    outcomes: list[tuple[dict[str, Any] | None, str | None]] = [
        (None, "the worker process died"),
        ({"accepted": False, "reason": "unstable", "detail": "C44 < 0"}, None),
        (done | {"G_VRH_GPa": -1.0}, None),
        (done | {"species": ["Cu"] * 2, "frac_coords": [[0, 0, 0]] * 2}, None),
        (done, None),
    ]

    def run_campaign(tasks: list[Any], simulate: Any, *_: Any) -> list[TaskRecord]:
        keys = [task_key(simulate, task) for task in tasks]
        return [TaskRecord(key, *outcome) for key, outcome in zip(keys, outcomes, strict=True)]

    monkeypatch.setattr(campaigns, "run_campaign", run_campaign)
    items, _ = run(tmp_path, len(outcomes))
    reasons = [item.reason if isinstance(item, Quarantined) else "" for item in items]
    assert reasons[0] == "simulation failed: the worker process died"
    assert reasons[1] == "unstable: C44 < 0"
    assert "G_VRH = -1 GPa is not physical" in reasons[2]
    assert "overlap" in reasons[3]
    assert isinstance(items[4], Record)
    assert items[4].targets == {"K_VRH": 138.0, "G_VRH": 55.0}
