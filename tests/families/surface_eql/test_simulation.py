"""The source ``simulation``: surfaces of metals, and of any potential."""

from dataclasses import replace
from pathlib import Path

import pytest

from matops.core.data.record import Record
from matops.core.family import Incoming
from matops.families.surface_eql.config import PRESETS, SimulationConfig
from matops.families.surface_eql.simulation import simulate_surfaces
from matops.families.surface_eql.surfaces.bulk import METALS, Bulk
from matops.simulators.lammps.library import SHIPPED
from matops.simulators.lammps.surfaces.task import bulk_properties
from matops.simulators.ledger import read_records


def simulated(work_dir: Path, **changes: object) -> Incoming:
    made = SimulationConfig(**changes)  # type: ignore[arg-type]
    config = replace(PRESETS["demo"], simulation=made)
    return simulate_surfaces(config, work_dir, 1, lambda done, total, words: None)


def test_surfaces_are_labelled_and_kept(tmp_path: Path) -> None:
    records = list(simulated(tmp_path, orientations=2, metals=("Cu", "Al")))
    assert [r.payload["surface"] for r in records if isinstance(r, Record)] == [
        {"metal": metal, "hkl": list(hkl)}
        for hkl in ((1, 0, 0), (1, 1, 0))
        for metal in ("Cu", "Al")
    ]
    first = records[0]
    assert isinstance(first, Record)
    assert first.targets["gamma0"] == pytest.approx(1.2878, rel=0.002)
    assert first.provenance.engine.startswith("LAMMPS")
    before = read_records(tmp_path)
    assert len(before) == 4
    assert list(simulated(tmp_path, orientations=2, metals=("Cu", "Al"))) == records
    assert read_records(tmp_path) == before


def test_another_potential_brings_its_own_bulk(tmp_path: Path) -> None:
    named = {"metals": ("Cu",), "potential": "Cu_mishin1.eam.alloy"}
    [record] = simulated(tmp_path, orientations=1, **named)
    assert isinstance(record, Record)
    assert record.payload["surface_of_bulk"]["bulk"]["C44_GPa"] == pytest.approx(76.2, rel=0.01)
    assert "Cu_mishin1" in record.provenance.method
    assert record.targets["gamma0"] == pytest.approx(1.345, rel=0.02)


@pytest.mark.parametrize("metal", METALS)
def test_bulk_properties_in_the_table_are_those_of_the_potentials(metal: str) -> None:
    calculated = Bulk(**bulk_properties(metal, SHIPPED[metal]))
    assert METALS[metal] == pytest.approx(calculated, rel=1e-3, abs=2e-5)


@pytest.mark.parametrize(
    "wrong",
    [{"metals": ("Fe",)}, {"orientations": 0}, {"potential": "Cu_u6.eam"}, {"metals": ()}],
    ids=str,
)
def test_what_can_not_be_simulated_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"potential|orientations"):
        SimulationConfig(**wrong)  # type: ignore[arg-type]
