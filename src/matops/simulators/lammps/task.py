"""Elastic constants as a campaign task: JSON in, JSON out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from matops.simulators.lammps.elastic import compute_elasticity
from matops.simulators.lammps.outcome import Rejected
from matops.simulators.lammps.settings import ElasticSettings


def elastic_task(
    name: str,
    lattice_A: ArrayLike,
    frac_coords: ArrayLike,
    species: Sequence[str],
    settings: ElasticSettings | None = None,
) -> dict[str, Any]:
    """A crystal, lattice vectors as rows, and the settings as a task for ``run_elastic_task``."""
    return {
        "name": name,
        "lattice_A": np.asarray(lattice_A, dtype=np.float64).tolist(),
        "frac_coords": np.asarray(frac_coords, dtype=np.float64).tolist(),
        "species": list(species),
        "settings": asdict(settings or ElasticSettings()),
    }


def run_elastic_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the elastic constants of a task of ``elastic_task``.

    Returns:
        With ``accepted`` true, the relaxed ``lattice_A``, ``frac_coords`` and ``species``,
        ``energy_eV_per_atom``, ``pressure_residual_GPa``, ``stiffness_GPa`` in the frame of that
        lattice, the moduli of ``PolycrystalModuli``, ``asymmetry`` and ``nonlinearity``; with
        ``accepted`` false, ``reason`` and ``detail``. Always the ``name``.
    """
    outcome = compute_elasticity(
        task["lattice_A"], task["frac_coords"], task["species"], ElasticSettings(**task["settings"])
    )
    if isinstance(outcome, Rejected):
        return {"name": task["name"], "accepted": False, **asdict(outcome)}
    crystal = outcome.crystal
    return {
        "name": task["name"],
        "accepted": True,
        "species": list(task["species"]),
        "lattice_A": crystal.lattice_A.tolist(),
        "frac_coords": crystal.frac_coords.tolist(),
        "energy_eV_per_atom": crystal.energy_eV_per_atom,
        "pressure_residual_GPa": crystal.pressure_residual_GPa,
        "stiffness_GPa": outcome.stiffness_GPa.tolist(),
        **asdict(outcome.moduli),
        "asymmetry": outcome.asymmetry,
        "nonlinearity": outcome.nonlinearity,
    }
