"""What continuum physics says of a structure: stiffness, conduction, and where the load goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from matops.families.nanoporous_cnn3d.metal.load_map import LoadMap
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal, density
from matops.physics.arrays import FloatArray
from matops.simulators.lammps.outcome import RejectionReason

if TYPE_CHECKING:
    from matops.simulators.continuum.solver import Effective

VOXELS, SUBVOXELS = 20, 4
"""Elements along an edge, and points along the edge of each that give its solid share."""
PENALTY = 5.0
"""An element's stiffness is its solid share to this power times the metal's.

Elements cut by the surface are thereby softer than their share says, as are the surface's atoms:
with 5 the finite elements explain more of the molecular-dynamics stiffness than with 1, and than
they do on finer grids. README.md has the numbers.
"""

CARRIES_NOTHING = 1e-4
"""Stiffness over the Voigt bound below which a solid isn't joined along an axis: the solver leaves
some hundredth of a per cent where the answer is zero."""

PHYSICAL_DESCRIPTORS = {"finite_element_stiffness": "GPa", "conductivity": "1"}


def element_density(sample: NanoporousMetal) -> FloatArray:
    """Solid share of each element, shape (20, 20, 20)."""
    return density(sample.geometry.solid(VOXELS * SUBVOXELS), VOXELS)


def continuum_stiffness_GPa(sample: NanoporousMetal, shares: FloatArray | None = None) -> Effective:
    """C_11, C_22, C_33 by finite elements, of its solid shares where these are known already."""
    from matops.simulators.continuum.effective import effective_stiffness_GPa

    shares = element_density(sample) if shares is None else shares
    return effective_stiffness_GPa(shares, METALS[sample.metal].stiffness_GPa, PENALTY)


def continuum_bound_GPa(sample: NanoporousMetal) -> FloatArray:
    """Upper bound of C_11, C_22, C_33, shape (3,): finite elements as stiff as their solid share.

    The displacements of finite elements are a trial field, whose energy is never below that of
    the real one; it is tighter than Hashin and Shtrikman's, since it knows the structure.

    Source: Hill, J. Mech. Phys. Solids 11, 357 (1963), section 2 (least energy).
    """
    from matops.simulators.continuum.effective import effective_stiffness_GPa

    metal = METALS[sample.metal]
    return effective_stiffness_GPa(element_density(sample), metal.stiffness_GPa).values


def describe_physics(sample: NanoporousMetal) -> FloatArray:
    """The ``PHYSICAL_DESCRIPTORS`` along x, y, z, shape (3, 2)."""
    from matops.simulators.continuum.effective import effective_conductivity

    shares = element_density(sample)
    stiffness, conductivity = (
        continuum_stiffness_GPa(sample, shares),
        effective_conductivity(shares),
    )
    return np.stack([stiffness.values, conductivity.values], axis=1)


def run_continuum_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Stiffness by finite elements as a campaign task, of its ``payload``: JSON in, JSON out.

    Returns:
        With ``accepted`` true, ``C_11_GPa``, ``C_22_GPa``, ``C_33_GPa`` and ``load_map``; with
        ``accepted`` false, ``reason`` and ``detail``.

    Raises:
        BadInput: the payload is not a structure.
    """
    sample = parse_metal(task["payload"])
    shares = element_density(sample)
    stiffness_GPa = continuum_stiffness_GPa(sample, shares)
    if not stiffness_GPa.converged:
        iterations = stiffness_GPa.iterations
        return _refused(RejectionReason.NOT_CONVERGED, f"after {iterations} iterations")
    softest_GPa = float(stiffness_GPa.values.min())
    bound_GPa = float(shares.mean()) * METALS[sample.metal].C11_GPa
    if softest_GPa <= CARRIES_NOTHING * bound_GPa:
        return _refused(RejectionReason.DISCONNECTED, f"lowest stiffness {softest_GPa:.1g} GPa")
    labels = {f"C_{i}{i}_GPa": float(c) for i, c in enumerate(stiffness_GPa.values, start=1)}
    return {"accepted": True, **labels, "load_map": LoadMap.of(stiffness_GPa.local).encode()}


def _refused(reason: RejectionReason, detail: str) -> dict[str, Any]:
    return {"accepted": False, "reason": reason.value, "detail": detail}
