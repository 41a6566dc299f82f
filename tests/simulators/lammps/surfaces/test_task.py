"""Surfaces as campaign tasks, and the bulk beside them."""

import json

import pytest

from matops.simulators.lammps.library import EAM_SPECIES, SHIPPED
from matops.simulators.lammps.surfaces.task import bulk_properties, run_surface_task, surface_task


def test_a_task_and_its_result_survive_json() -> None:
    task = json.loads(json.dumps(surface_task("Cu", (1, 1, 0), "Cu_u3.eam")))
    result = json.loads(json.dumps(run_surface_task(task), allow_nan=False))
    assert result["accepted"]
    assert (result["metal"], result["hkl"]) == ("Cu", [1, 1, 0])
    assert result["energy_J_per_m2"] == pytest.approx(1.4122, rel=0.002)
    mean = (result["stress_J_per_m2"][0][0] + result["stress_J_per_m2"][1][1]) / 2
    assert result["T"] == pytest.approx(mean)


def test_a_refused_slab_says_why() -> None:
    task = surface_task("Au", (3, 2, 1), "Au_u3.eam")
    task["settings"]["displacement_limit"] = 0.01
    result = run_surface_task(task)
    assert not result["accepted"]
    assert result["reason"] == "relaxed away from the prototype"


def test_potentials_of_other_kinds_are_read() -> None:
    """Copper of Mishin et al., Phys. Rev. B 63, 224106 (2001): fitted to C11, C12, C44 and γ_sf."""
    copper = bulk_properties("Cu", "Cu_mishin1.eam.alloy")
    assert copper["a_A"] == pytest.approx(3.615, abs=1e-3)
    assert copper["cohesive_eV"] == pytest.approx(3.54, abs=0.01)
    assert copper["C11_GPa"] == pytest.approx(169.9, rel=0.01)
    assert copper["C12_GPa"] == pytest.approx(122.6, rel=0.01)
    assert copper["C44_GPa"] == pytest.approx(76.2, rel=0.01)
    assert copper["intrinsic_fault_J_per_m2"] == pytest.approx(0.0444, rel=0.02)
    assert copper["unstable_fault_J_per_m2"] == pytest.approx(0.158, rel=0.05)


@pytest.mark.parametrize("metal", EAM_SPECIES)
def test_a_fault_costs_less_than_the_way_to_it(metal: str) -> None:
    bulk = bulk_properties(metal, SHIPPED[metal])
    assert 0 < bulk["intrinsic_fault_J_per_m2"] < bulk["unstable_fault_J_per_m2"]
