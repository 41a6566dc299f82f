"""Stiffness of metals and alloys: known constants, symmetry, frames and refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from matops.simulators.alloys import PROTOTYPES, Alloy, build_alloy
from matops.simulators.lammps.distortion import measure_distortion
from matops.simulators.lammps.elastic import compute_elasticity
from matops.simulators.lammps.outcome import ElasticResult, Rejected, RejectionReason
from matops.simulators.lammps.settings import ElasticSettings
from matops.simulators.lammps.task import elastic_task, run_elastic_task
from tests.support.oracles import rotate_stiffness

FloatArray = NDArray[np.float64]

SKEW = np.array([[1, 0, 0], [2, 1, 0], [-1, 1, 1]])
DOUBLED = np.array([[2, 0, 0], [0, 1, 0], [0, 0, 1]])


def alloy(designation: str, *elements: str) -> Alloy:
    (prototype,) = (p for p in PROTOTYPES if p.designation == designation)
    return build_alloy(prototype, elements)


def outcome_of(crystal: Alloy, settings: ElasticSettings | None = None) -> ElasticResult | Rejected:
    return compute_elasticity(crystal.lattice_A, crystal.frac_coords, crystal.species, settings)


def accepted(outcome: ElasticResult | Rejected) -> ElasticResult:
    assert isinstance(outcome, ElasticResult), outcome
    return outcome


def volume_per_atom_A3(result: ElasticResult) -> float:
    crystal = result.crystal
    return float(abs(np.linalg.det(crystal.lattice_A)) / len(crystal.frac_coords))


def cubic_tensor(C11: float, C12: float, C44: float) -> FloatArray:
    tensor = np.diag([C11 - C12] * 3 + [C44] * 3)
    tensor[:3, :3] += C12
    return tensor


def test_gold() -> None:
    gold = accepted(outcome_of(alloy("A1", "Au")))
    assert np.cbrt(4 * volume_per_atom_A3(gold)) == pytest.approx(4.080, abs=1e-3)
    assert gold.crystal.energy_eV_per_atom == pytest.approx(-3.930, abs=1e-3)
    assert gold.stiffness_GPa == pytest.approx(cubic_tensor(183.2, 158.8, 44.7), abs=0.1)
    assert gold.crystal.pressure_residual_GPa < 1e-6


def test_copper_gold() -> None:
    cu3au = accepted(outcome_of(alloy("L1_2", "Cu", "Au")))
    assert np.cbrt(4 * volume_per_atom_A3(cu3au)) == pytest.approx(3.753, abs=1e-3)
    assert cu3au.moduli.K_VRH_GPa == pytest.approx(151, abs=1)
    assert cu3au.moduli.G_VRH_GPa == pytest.approx(37, abs=1)


def test_tetragonal_symmetry_of_l1_0() -> None:
    C = accepted(outcome_of(alloy("L1_0", "Ag", "Pd"))).stiffness_GPa
    assert [C[0, 0], C[0, 2], C[3, 3]] == pytest.approx([C[1, 1], C[1, 2], C[4, 4]], rel=1e-4)
    assert C[0, 0] != pytest.approx(C[2, 2], rel=0.01)
    assert C[:3, 3:] == pytest.approx(np.zeros((3, 3)), abs=0.01)


@pytest.mark.parametrize("designation", ["L1_2", "D1_a"])
def test_odd_orientation_and_skewed_cell_give_the_same_tensor(designation: str) -> None:
    plain = alloy(designation, "Cu", "Au")
    turn = Rotation.random(rng=np.random.default_rng(5)).as_matrix()
    expected = accepted(outcome_of(plain)).stiffness_GPa
    turned = accepted(
        compute_elasticity(
            SKEW @ plain.lattice_A @ turn,
            plain.frac_coords @ np.linalg.inv(SKEW),
            plain.species,
        )
    )
    # Rows turned by R are columns turned by R transposed; this undoes it.
    back = rotate_stiffness(turned.stiffness_GPa, turn)
    assert back == pytest.approx(expected, abs=0.05)


def test_supercell_gives_the_same_tensor() -> None:
    """The layers of alpha A2B are free to move, so internal relaxation is tested too."""
    single = alloy("alpha", "Cu", "Pt")
    frac = single.frac_coords @ np.linalg.inv(DOUBLED)
    both = np.vstack([frac, frac + np.array([0.5, 0, 0])])
    doubled = accepted(compute_elasticity(DOUBLED @ single.lattice_A, both, [*single.species] * 2))
    one = accepted(outcome_of(single))
    assert doubled.stiffness_GPa == pytest.approx(one.stiffness_GPa, abs=0.05)
    assert volume_per_atom_A3(doubled) == pytest.approx(volume_per_atom_A3(one), rel=1e-6)


def test_strain_amplitude_hardly_matters() -> None:
    crystal = alloy("L1_2", "Ni", "Pt")
    small, large = (
        accepted(outcome_of(crystal, ElasticSettings(strain=strain))).stiffness_GPa
        for strain in (3e-5, 3e-4)
    )
    assert small == pytest.approx(large, abs=0.05)


@pytest.mark.parametrize(
    ("crystal", "reason"),
    [
        (alloy("B2", "Ag", "Au"), RejectionReason.UNSTABLE),
        (alloy("L1_0", "Ni", "Pt"), RejectionReason.LEFT_PROTOTYPE),
        (alloy("C15", "Ag", "Au"), RejectionReason.SADDLE_POINT),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_unsound_crystals_are_refused(crystal: Alloy, reason: RejectionReason) -> None:
    outcome = outcome_of(crystal)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason
    assert outcome.detail


@pytest.mark.parametrize(
    ("lattice_A", "frac", "reason"),
    [
        (np.eye(3) * 3.7, np.zeros((2, 3)), RejectionReason.ENGINE_ERROR),
        (np.eye(3) * 20, np.diag([0.5] * 3)[:2], RejectionReason.UNSTABLE),
        (np.eye(3) * 1.5, np.diag([0.5] * 3)[:2], RejectionReason.LEFT_PROTOTYPE),
    ],
    ids=["coincident atoms", "atoms out of reach", "crushed"],
)
def test_nonsense_is_refused_too(
    lattice_A: FloatArray, frac: FloatArray, reason: RejectionReason
) -> None:
    outcome = compute_elasticity(lattice_A, frac, ["Cu", "Cu"])
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"minimiser_steps": 1, "cell_relaxations": 1}, RejectionReason.NOT_CONVERGED),
        ({"nonlinearity_limit": 1e-9}, RejectionReason.NONLINEAR),
        ({"asymmetry_limit": 1e-18}, RejectionReason.ASYMMETRIC),
        ({"volume_limit": 1e-6}, RejectionReason.LEFT_PROTOTYPE),
        ({"eigenvalue_limit_GPa": 100.0}, RejectionReason.UNSTABLE),
    ],
)
def test_every_limit_is_enforced(change: dict[str, float], reason: RejectionReason) -> None:
    outcome = outcome_of(alloy("D0_22", "Cu", "Pt"), replace(ElasticSettings(), **change))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


def test_bain_path_measures_as_shape_and_not_as_volume() -> None:
    fcc = np.eye(3)
    bcc = np.diag([2.0, 2.0, 2**0.5]) / 2 ** (5 / 6)
    change = measure_distortion(fcc, np.zeros((1, 3)), bcc, np.zeros((1, 3)))
    assert change.volume == pytest.approx(0, abs=1e-12)
    assert change.shape == pytest.approx(np.log(2) / 3)
    assert change.displacement == pytest.approx(0, abs=1e-12)


def test_common_drift_is_no_displacement() -> None:
    frac = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    change = measure_distortion(np.eye(3), frac, np.eye(3), (frac + 0.49) % 1.0)
    assert change.displacement == pytest.approx(0, abs=1e-12)


def test_task_round_trip_through_json() -> None:
    crystal = alloy("L1_2", "Cu", "Au")
    task = elastic_task(crystal.name, crystal.lattice_A, crystal.frac_coords, crystal.species)
    answer = json.loads(json.dumps(run_elastic_task(json.loads(json.dumps(task)))))
    assert answer["accepted"]
    assert answer["name"] == "L1_2 Cu3Au"
    assert answer["K_VRH_GPa"] == pytest.approx(151, abs=1)
    assert np.shape(answer["stiffness_GPa"]) == (6, 6)


def test_refused_task_says_why() -> None:
    crystal = alloy("L1_0", "Ni", "Pt")
    task = elastic_task(crystal.name, crystal.lattice_A, crystal.frac_coords, crystal.species)
    answer = json.loads(json.dumps(run_elastic_task(task)))
    assert not answer["accepted"]
    assert answer["reason"] == "relaxed away from the prototype"


@pytest.mark.parametrize("basis", [np.eye(3), np.array([[1, 0, 0], [5, 1, 0], [-7, 6, 1]])])
def test_displacement_does_not_depend_on_the_choice_of_cell(basis: FloatArray) -> None:
    """The central atom of bcc moves by 0.1 along z: half of that against the mean position."""
    lattice_A = basis @ np.eye(3)
    start = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]) @ np.linalg.inv(basis)
    end = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.6]]) @ np.linalg.inv(basis)
    change = measure_distortion(lattice_A, start, lattice_A, end)
    assert change.displacement == pytest.approx(0.05 / np.sqrt(0.5 + 0.16))
