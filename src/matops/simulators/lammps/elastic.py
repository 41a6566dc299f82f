"""Relaxed structure and stiffness of an alloy crystal, by finite strains in LAMMPS."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray
from matops.physics.elasticity import (
    is_mechanically_stable,
    stiffness_eigenvalues_GPa,
    strain_tensor,
    voigt_reuss_hill,
    voigt_stress_GPa,
)
from matops.simulators.lammps.distortion import measure_distortion
from matops.simulators.lammps.engine import EamCrystal, LammpsError
from matops.simulators.lammps.outcome import (
    ElasticResult,
    Rejected,
    RejectedError,
    RejectionReason,
    RelaxedCrystal,
)
from matops.simulators.lammps.relaxation import relax_atoms, relaxed_crystal, require_small_forces
from matops.simulators.lammps.settings import ElasticSettings


def compute_elasticity(
    lattice_A: ArrayLike,
    frac_coords: ArrayLike,
    species: Sequence[str],
    settings: ElasticSettings | None = None,
    potential: Path | None = None,
) -> ElasticResult | Rejected:
    """Relax a crystal and compute its stiffness, or say why it has none.

    Column j of the stiffness is [σ(+δ e_j) − σ(−δ e_j)] / 2δ with δ the engineering strain; at
    every strain the atoms relax in the fixed cell. The relaxed lattice has the handedness and,
    but for the small rotation of a sheared cell, the orientation of the given one, whose lattice
    vectors are rows, shape (3, 3). Species are out of ``EAM_SPECIES``, unless the ``potential``, a
    file of one metal, is given.

    Raises:
        ValueError: if a species has no potential or the coordinates do not match the species.

    Source: finite-strain method: Y. Le Page, P. Saxe, Phys. Rev. B 65, 104104 (2002).
    """
    settings = settings or ElasticSettings()
    lattice = np.asarray(lattice_A, dtype=np.float64)
    frac = np.asarray(frac_coords, dtype=np.float64)
    try:
        with closing(EamCrystal(lattice, frac, species, potential)) as simulation:
            relaxed = _relax(simulation, settings)
            _require_same_structure(lattice, frac, relaxed, settings)
            _require_minimum(simulation, relaxed, settings)
            return _measure_stiffness(simulation, relaxed, settings)
    except RejectedError as rejection:
        return rejection.rejected
    except LammpsError as error:
        return Rejected(RejectionReason.ENGINE_ERROR, str(error))


def _relax(simulation: EamCrystal, settings: ElasticSettings) -> RelaxedCrystal:
    # Restarts reset the reference cell; well below the limit, a further one gains nothing.
    for _ in range(settings.cell_relaxations):
        tolerance, steps = settings.force_tolerance_eV_per_A, settings.minimiser_steps
        simulation.relax_cell(tolerance, steps, settings.largest_volume_step)
        if np.abs(simulation.stress_GPa).max() < 0.01 * settings.pressure_limit_GPa:
            break
    relaxed = relaxed_crystal(simulation)
    pressure_GPa = relaxed.pressure_residual_GPa
    if not pressure_GPa < settings.pressure_limit_GPa:
        raise RejectedError(RejectionReason.NOT_CONVERGED, f"stress left {pressure_GPa:.3g} GPa")
    require_small_forces(simulation, settings)
    return relaxed


def _require_same_structure(
    lattice_A: FloatArray, frac: FloatArray, relaxed: RelaxedCrystal, settings: ElasticSettings
) -> None:
    change = measure_distortion(lattice_A, frac, relaxed.lattice_A, relaxed.frac_coords)
    for name, value, limit in (
        ("volume", abs(change.volume), settings.volume_limit),
        ("shape", change.shape, settings.shape_limit),
        ("displacement", change.displacement, settings.displacement_limit),
    ):
        if not value < limit:
            raise RejectedError(RejectionReason.LEFT_PROTOTYPE, f"{name} changed by {value:.3g}")


def _require_minimum(
    simulation: EamCrystal, relaxed: RelaxedCrystal, settings: ElasticSettings
) -> None:
    """Rattle the atoms: symmetry can hold a crystal on a saddle point of its energy."""
    shape, rng = relaxed.frac_coords.shape, np.random.default_rng(settings.rattle_seed)
    kicks_A = rng.normal(scale=settings.rattle_A, size=shape)
    kicks = kicks_A @ np.linalg.inv(relaxed.lattice_A)
    simulation.place(relaxed.lattice_A, relaxed.frac_coords + kicks)
    simulation.relax_positions(settings.force_tolerance_eV_per_A, settings.minimiser_steps)
    gain_eV = relaxed.energy_eV_per_atom - simulation.energy_eV / shape[0]
    if not gain_eV < settings.rattle_gain_limit_eV:
        raise RejectedError(RejectionReason.SADDLE_POINT, f"rattling gains {gain_eV:.3g} eV/atom")


def _measure_stiffness(
    simulation: EamCrystal, relaxed: RelaxedCrystal, settings: ElasticSettings
) -> ElasticResult:
    forward, backward = (
        np.column_stack(
            [
                _strained_stress_GPa(simulation, relaxed, amplitude * unit, settings)
                for unit in np.eye(6)
            ]
        )
        for amplitude in (settings.strain, -settings.strain)
    )
    rest = voigt_stress_GPa(relaxed.stress_GPa)[:, None]
    odd, even = (forward - backward) / 2, (forward + backward) / 2 - rest
    stiffness = odd / settings.strain
    asymmetry = _norm_ratio(stiffness - stiffness.T, stiffness + stiffness.T)
    nonlinearity = _norm_ratio(even, odd)
    stiffness = (stiffness + stiffness.T) / 2
    _require_sound_stiffness(stiffness, asymmetry, nonlinearity, settings)
    return ElasticResult(
        crystal=relaxed,
        stiffness_GPa=stiffness,
        moduli=voigt_reuss_hill(stiffness),
        asymmetry=asymmetry,
        nonlinearity=nonlinearity,
    )


def _strained_stress_GPa(
    simulation: EamCrystal,
    relaxed: RelaxedCrystal,
    strain_voigt: FloatArray,
    settings: ElasticSettings,
) -> FloatArray:
    strained_A = relaxed.lattice_A @ (np.eye(3) + strain_tensor(strain_voigt))
    simulation.place(strained_A, relaxed.frac_coords)
    relax_atoms(simulation, settings)
    return voigt_stress_GPa(simulation.stress_GPa)


def _require_sound_stiffness(
    stiffness_GPa: FloatArray, asymmetry: float, nonlinearity: float, settings: ElasticSettings
) -> None:
    if not nonlinearity < settings.nonlinearity_limit:
        raise RejectedError(RejectionReason.NONLINEAR, f"even part of stress {nonlinearity:.3g}")
    if not asymmetry < settings.asymmetry_limit:
        raise RejectedError(RejectionReason.ASYMMETRIC, f"asymmetry {asymmetry:.3g}")
    if not is_mechanically_stable(stiffness_GPa, settings.eigenvalue_limit_GPa):
        lowest_GPa = stiffness_eigenvalues_GPa(stiffness_GPa)[0]
        raise RejectedError(RejectionReason.UNSTABLE, f"lowest eigenvalue {lowest_GPa:.3g} GPa")


def _norm_ratio(part: FloatArray, whole: FloatArray) -> float:
    # Atoms out of each other's reach have no stress at all, which the test of stability refuses.
    return float(np.linalg.norm(part) / np.linalg.norm(whole)) if whole.any() else 0.0
