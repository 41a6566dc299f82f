"""A crystal in LAMMPS: units, signs and frames."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from matops.simulators.lammps.engine import EamCrystal
from matops.simulators.lammps.library import EAM_SPECIES, potential_path

FloatArray = NDArray[np.float64]

EV_PER_A3_IN_GPA = 160.21766
FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
LOW_SYMMETRY_A = np.array([[2.7, 0.1, -0.2], [0.3, 2.9, 0.2], [-0.1, 1.6, 4.9]])
LOW_SYMMETRY_FRAC = np.array([[0.03, 0.0, 0.0], [0.5, 0.45, 0.48]])
COPPER_GOLD = ["Cu", "Au"]


@pytest.mark.parametrize("species", EAM_SPECIES)
def test_every_metal_has_a_potential(species: str) -> None:
    assert potential_path(species).is_file()


def test_compressed_gold_is_under_negative_stress() -> None:
    with closing(EamCrystal(FCC * 4.0, np.zeros((1, 3)), ["Au"])) as gold:
        gold.relax_positions(1e-9, 10)
        stress_GPa = gold.stress_GPa
    assert np.diag(stress_GPa) == pytest.approx([stress_GPa[0, 0]] * 3)
    # K = 167 GPa at a volume 5.8 % too small, stiffening as it shrinks.
    assert -20 < stress_GPa[0, 0] < -9


def test_stress_is_the_strain_derivative_of_the_energy() -> None:
    """σ_ij = (1/V) ∂E/∂ε_ij at fixed fractional coordinates, in the crystal's own frame."""
    step = 1e-5
    numerical_GPa = np.zeros((3, 3))
    with closing(EamCrystal(LOW_SYMMETRY_A, LOW_SYMMETRY_FRAC, COPPER_GOLD)) as crystal:
        volume_A3 = abs(np.linalg.det(LOW_SYMMETRY_A))
        for i in range(3):
            for j in range(3):
                energies_eV = [
                    strained_energy_eV(crystal, sign * step, i, j) for sign in (1.0, -1.0)
                ]
                slope_eV = (energies_eV[0] - energies_eV[1]) / (2 * step)
                numerical_GPa[i, j] = slope_eV / volume_A3 * EV_PER_A3_IN_GPA
        strained_energy_eV(crystal, 0.0, 0, 0)
        stress_GPa = crystal.stress_GPa
    assert stress_GPa == pytest.approx(numerical_GPa, rel=1e-4, abs=1e-3)


def strained_energy_eV(crystal: EamCrystal, strain: float, i: int, j: int) -> float:
    strain_matrix = np.zeros((3, 3))
    strain_matrix[i, j] += strain / 2
    strain_matrix[j, i] += strain / 2
    crystal.place(LOW_SYMMETRY_A @ (np.eye(3) + strain_matrix), LOW_SYMMETRY_FRAC)
    crystal.relax_positions(1e-9, 0)
    return crystal.energy_eV


@pytest.mark.parametrize(
    "basis",
    [
        np.eye(3),
        np.array([[1, 0, 0], [3, 1, 0], [-2, 4, 1]]),
        np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    ],
    ids=["plain", "skewed", "left-handed"],
)
def test_energy_and_stress_do_not_depend_on_the_choice_of_cell(basis: FloatArray) -> None:
    turn = Rotation.random(rng=np.random.default_rng(1)).as_matrix()
    lattice_A = basis @ LOW_SYMMETRY_A @ turn
    frac = LOW_SYMMETRY_FRAC @ np.linalg.inv(basis)
    with closing(EamCrystal(LOW_SYMMETRY_A, LOW_SYMMETRY_FRAC, COPPER_GOLD)) as reference:
        reference.relax_positions(1e-9, 0)
        energy_eV, stress_GPa = reference.energy_eV, reference.stress_GPa
    with closing(EamCrystal(lattice_A, frac, COPPER_GOLD)) as crystal:
        crystal.relax_positions(1e-9, 0)
        assert crystal.lattice_A == pytest.approx(lattice_A)
        offsets = crystal.frac_coords - frac
        assert offsets == pytest.approx(np.round(offsets), abs=1e-9)
        assert crystal.energy_eV == pytest.approx(energy_eV)
        assert crystal.stress_GPa == pytest.approx(turn.T @ stress_GPa @ turn, abs=1e-6)


def test_small_cell_sees_all_its_images() -> None:
    """One atom in a cell far shorter than the cutoff has the energy of one in a large cell."""
    energies_eV = []
    for repeat in (1, 4):
        grid = np.stack(np.meshgrid(*[np.arange(repeat)] * 3), axis=-1).reshape(-1, 3) / repeat
        with closing(EamCrystal(FCC * 4.08 * repeat, grid, ["Au"] * repeat**3)) as gold:
            gold.relax_positions(1e-9, 0)
            energies_eV.append(gold.energy_eV / repeat**3)
    assert energies_eV[0] == pytest.approx(energies_eV[1])


def test_unknown_metal_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="no universal-3 EAM potential for Fe"):
        EamCrystal(FCC * 2.9, np.zeros((1, 3)), ["Fe"])
    with pytest.raises(ValueError, match="2 atoms"):
        EamCrystal(FCC * 4.08, np.zeros((1, 3)), ["Au", "Cu"])
