"""Nanoporous metals: the solid block, symmetry, scale, and the refusal of what is not elastic."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.physics.levelled_waves import wave_vectors
from matops.simulators.campaign import run_campaign
from matops.simulators.lammps.fcc import equilibrium_fcc
from matops.simulators.lammps.library import EAM_SPECIES
from matops.simulators.lammps.outcome import PorousResult, Rejected, RejectionReason
from matops.simulators.lammps.porous.carving import PorousDesign
from matops.simulators.lammps.porous.stiffness import compute_porous_stiffness
from matops.simulators.lammps.porous.task import porous_task, run_porous_task
from matops.simulators.lammps.settings import PorousSettings


def design(
    metal: str, cells: int, hkl_squared: int, solid_fraction: float, seed: int
) -> PorousDesign:
    count = len(wave_vectors(hkl_squared))
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, count).tolist()
    return PorousDesign(metal, cells, hkl_squared, solid_fraction, tuple(phases))


SMALL = design("Cu", 7, 2, 0.6, 0)
PLATES = design("Cu", 8, 3, 0.6, 7)
LOOSE = design("Ni", 12, 6, 0.28, 81)


def measured(what: PorousDesign, settings: PorousSettings | None = None) -> PorousResult:
    outcome = compute_porous_stiffness(what, settings)
    assert isinstance(outcome, PorousResult), outcome
    return outcome


@pytest.fixture(scope="module")
def small() -> PorousResult:
    return measured(SMALL)


@pytest.mark.parametrize("metal", EAM_SPECIES)
def test_solid_block_has_the_stiffness_of_the_crystal(metal: str) -> None:
    block = measured(design(metal, 4, 2, 1.0, 0))
    assert block.stiffness_GPa == pytest.approx([equilibrium_fcc(metal).C11_GPa] * 3, rel=0.01)
    assert block.n_atoms == 256
    assert block.solid_fraction == 1.0
    assert block.rest_stress_GPa == pytest.approx(np.zeros(3), abs=1e-4)


def test_gold_block() -> None:
    gold = measured(design("Au", 4, 2, 1.0, 0))
    assert gold.stiffness_GPa == pytest.approx([183.2] * 3, rel=0.01)
    assert gold.lattice_constant_A == pytest.approx(4.080, abs=1e-3)
    assert gold.cell_A == pytest.approx(4 * 4.080, abs=4e-3)
    assert gold.energy_eV_per_atom == pytest.approx(-3.930, abs=1e-3)


def test_porous_metal_is_softer_than_its_share_of_the_solid(small: PorousResult) -> None:
    """The Voigt bound; the energy per atom is higher for the atoms at the surface."""
    assert 0.3 < small.solid_fraction < 0.7
    assert small.n_atoms == round(small.solid_fraction * 4 * 7**3)
    bound_GPa = small.solid_fraction * equilibrium_fcc("Cu").C11_GPa
    assert (0.1 * bound_GPa < small.stiffness_GPa).all()
    assert (small.stiffness_GPa < bound_GPa).all()
    assert small.energy_eV_per_atom > measured(design("Cu", 4, 2, 1.0, 0)).energy_eV_per_atom


def test_surfaces_pull_half_as_much_at_ligaments_twice_as_thick() -> None:
    thin = measured(design("Au", 6, 2, 0.5, 1))
    thick = measured(design("Au", 12, 2, 0.5, 1))
    assert (thick.rest_stress_GPa > 0.3).all()
    assert thin.rest_stress_GPa == pytest.approx(2 * thick.rest_stress_GPa, rel=0.05)


def test_swapped_axes_swap_the_stiffness(small: PorousResult) -> None:
    hkl = wave_vectors(2).tolist()
    phases = {tuple(row): phase for row, phase in zip(hkl, SMALL.phases_rad, strict=True)}
    cycled = tuple(phases[(m, h, k)] for h, k, m in hkl)
    turned = measured(replace(SMALL, phases_rad=cycled))
    assert turned.stiffness_GPa == pytest.approx(np.roll(small.stiffness_GPa, -1), rel=2e-3)
    assert np.ptp(small.stiffness_GPa) > 0.2 * small.stiffness_GPa.mean()


def test_supercell_has_the_same_stiffness() -> None:
    """Waves of twice the h, k, l in a cell of twice the edge are eight copies of one structure."""
    one = measured(design("Cu", 6, 2, 0.65, 1))
    eight = measured(design("Cu", 12, 8, 0.65, 1))
    assert eight.n_atoms == 8 * one.n_atoms
    assert eight.stiffness_GPa == pytest.approx(one.stiffness_GPa, rel=2e-3)


def test_strain_and_force_tolerance_hardly_matter(small: PorousResult) -> None:
    for change in ({"strain": 3e-4}, {"strain": 3e-3}, {"force_tolerance_eV_per_A": 1e-6}):
        other = measured(SMALL, replace(PorousSettings(), **change))
        assert other.stiffness_GPa == pytest.approx(small.stiffness_GPa, rel=0.01)


def test_what_floats_in_a_pore_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block with a closed pore is as stiff with a loose cluster in the pore as without."""
    sites = np.indices((12, 12, 12))
    radius = np.sqrt(((sites - 6) ** 2).sum(axis=0))
    fcc = sites.sum(axis=0) % 2 == 0
    block = design("Cu", 6, 2, 1.0, 0)
    monkeypatch.setattr(
        "matops.simulators.lammps.porous.stiffness.carve", lambda _: fcc & (radius > 4)
    )
    hollow = measured(block)
    with_cluster = fcc & ((radius > 4) | (radius < 1.5))
    monkeypatch.setattr("matops.simulators.lammps.porous.stiffness.carve", lambda _: with_cluster)
    filled = measured(block)
    assert (hollow.pieces, hollow.removed_atoms) == (1, 0)
    assert (filled.pieces, filled.removed_atoms) == (2, 13)
    assert filled.n_atoms == hollow.n_atoms
    assert filled.solid_fraction == hollow.solid_fraction == hollow.n_atoms / (4 * 6**3)
    assert filled.stiffness_GPa == pytest.approx(hollow.stiffness_GPa)


def test_solid_in_pieces_is_refused() -> None:
    refused = compute_porous_stiffness(LOOSE)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectionReason.DISCONNECTED
    assert "3 pieces" in refused.detail


def test_solid_that_is_no_net_is_refused() -> None:
    refused = compute_porous_stiffness(PLATES)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectionReason.DISCONNECTED
    assert "2 directions of 3" in refused.detail


def test_empty_cell_is_refused() -> None:
    refused = compute_porous_stiffness(design("Au", 4, 2, 1e-9, 0))
    assert refused == Rejected(RejectionReason.DISCONNECTED, "no atom is left")


def test_collapsing_metal_is_refused() -> None:
    """Ligaments two atoms thick give way to the pull of their own surface."""
    refused = compute_porous_stiffness(design("Au", 7, 5, 0.5, 0))
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectionReason.REARRANGED


def test_yielding_metal_is_refused() -> None:
    """A strain beyond the elastic limit."""
    refused = compute_porous_stiffness(SMALL, PorousSettings(strain=0.06))
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectionReason.NONLINEAR


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"minimiser_steps": 1}, RejectionReason.NOT_CONVERGED),
        ({"broken_bond_limit": 0.0}, RejectionReason.REARRANGED),
        ({"stiffness_limit_GPa": 1e3}, RejectionReason.UNSTABLE),
        ({"nonlinearity_limit": 1e-9}, RejectionReason.NONLINEAR),
        ({"lost_work_limit": 1e-9}, RejectionReason.INELASTIC),
    ],
)
def test_every_limit_is_enforced(change: dict[str, float], reason: RejectionReason) -> None:
    outcome = compute_porous_stiffness(SMALL, replace(PorousSettings(), **change))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason
    assert outcome.detail


def test_campaign_keeps_what_was_refused(tmp_path: Path, small: PorousResult) -> None:
    tasks = [porous_task("net", SMALL), porous_task("plates", PLATES)]
    net, plates = (record.result for record in run_campaign(tasks, run_porous_task, tmp_path))
    assert net is not None
    assert plates is not None
    assert net["accepted"]
    assert [net[f"C_{i}{i}_GPa"] for i in (1, 2, 3)] == pytest.approx(small.stiffness_GPa)
    assert net["n_atoms"] == small.n_atoms
    assert net["potential"] == "Cu_u3.eam"
    assert net["strain"] == PorousSettings().strain
    assert not plates["accepted"]
    assert plates["name"] == "plates"
    assert plates["reason"] == "solid does not hold together"


def test_task_survives_json_and_is_checked_again() -> None:
    task = json.loads(json.dumps(porous_task("net", SMALL)))
    task["design"]["phases_rad"].pop()
    with pytest.raises(BadInput, match="11 phases, but 12 waves"):
        run_porous_task(task)
