"""Stacking-fault energies of an fcc metal: what it costs to slip by a partial Burgers vector."""

from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from matops.physics.arrays import FloatArray
from matops.simulators.lammps.engine import EamCrystal
from matops.simulators.lammps.fcc import equilibrium_fcc
from matops.simulators.lammps.settings import SlabSettings
from matops.simulators.lammps.surfaces.lattice import SurfaceLattice, surface_lattice
from matops.simulators.lammps.surfaces.strained_slab import J_PER_M2, SlabSites, slab_sites

_PATH = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class StackingFault:
    """Energies of a (111) plane across which the crystal has slipped."""

    intrinsic_J_per_m2: float  # after a whole partial Burgers vector, a/6 <112>
    unstable_J_per_m2: float  # at the top of the way there


def stacking_fault(
    metal: str, potential: Path | None = None, settings: SlabSettings | None = None
) -> StackingFault:
    """Slip the upper half of a (111) slab over the lower one; atoms relax along the normal.

    Raises:
        LammpsError: the potential has no stable fcc crystal.

    Source: V. Vítek, Philos. Mag. 18, 773 (1968).
    """
    settings = settings or SlabSettings()
    lattice = surface_lattice((1, 1, 1))
    edge_A = equilibrium_fcc(metal, potential).lattice_constant_A
    sites = slab_sites(edge_A, lattice, settings)
    partial_A = edge_A * _partial(lattice)
    species = [metal] * len(sites.atoms_A)
    with closing(EamCrystal(sites.cell_A, sites.coords, species, potential)) as crystal:
        energies = np.array(
            [_slipped_eV(crystal, sites, share * partial_A, settings) for share in _PATH]
        )
    path = (energies - energies[0]) * J_PER_M2 / sites.area_A2
    return StackingFault(intrinsic_J_per_m2=float(path[-1]), unstable_J_per_m2=_top(path))


def _partial(lattice: SurfaceLattice) -> FloatArray:
    """The shortest way in the plane from a site to the hollow that the next layer leaves, (3,)."""
    along = lattice.step * [1, 1, 0]
    ways = [along + np.array(m) @ lattice.periods for m in product(range(-2, 3), repeat=2)]
    return np.asarray(min(ways, key=np.linalg.norm))


def _slipped_eV(
    crystal: EamCrystal, sites: SlabSites, slip_A: FloatArray, settings: SlabSettings
) -> float:
    upper = np.arange(len(sites.atoms_A)) >= len(sites.atoms_A) // 2
    atoms_A = sites.atoms_A + upper[:, None] * slip_A
    crystal.place(sites.cell_A, atoms_A @ np.linalg.inv(sites.cell_A))
    crystal.relax_normal(settings.force_tolerance_eV_per_A, settings.minimiser_steps)
    return crystal.energy_eV


def _top(path: FloatArray) -> float:
    """The maximum, by the parabola through the highest point and its neighbours."""
    i = int(np.argmax(path[1:-1])) + 1
    before, top, after = path[i - 1 : i + 2]
    return float(top - (after - before) ** 2 / (8 * (after - 2 * top + before)))
