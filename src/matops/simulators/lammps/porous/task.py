"""Stiffness of nanoporous metals as a campaign task: JSON in, JSON out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from matops.simulators.lammps.library import potential_path
from matops.simulators.lammps.outcome import Rejected
from matops.simulators.lammps.porous.carving import PorousDesign
from matops.simulators.lammps.porous.stiffness import compute_porous_stiffness
from matops.simulators.lammps.settings import PorousSettings


def porous_task(
    name: str, design: PorousDesign, settings: PorousSettings | None = None
) -> dict[str, Any]:
    """A nanoporous metal and the settings as a task for ``run_porous_task``."""
    settings = settings or PorousSettings()
    return {"name": name, "design": asdict(design), "settings": asdict(settings)}


def run_porous_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the stiffness of a task of ``porous_task``.

    Returns:
        With ``accepted`` true, ``C_11_GPa``, ``C_22_GPa``, ``C_33_GPa``, the ``potential``, the
        ``strain`` and the other numbers of ``PorousResult``; with ``accepted`` false, ``reason``
        and ``detail``. Always the ``name``.

    Raises:
        BadInput: the design is not one.
    """
    design = PorousDesign(**task["design"])
    settings = PorousSettings(**task["settings"])
    outcome = compute_porous_stiffness(design, settings)
    if isinstance(outcome, Rejected):
        return {"name": task["name"], "accepted": False, **asdict(outcome)}
    numbers = asdict(outcome)
    stiffness_GPa = numbers.pop("stiffness_GPa").tolist()
    return {
        "name": task["name"],
        "accepted": True,
        "potential": potential_path(design.metal).name,
        "strain": settings.strain,
        **{f"C_{i}{i}_GPa": value for i, value in enumerate(stiffness_GPa, start=1)},
        **numbers,
        "rest_stress_GPa": outcome.rest_stress_GPa.tolist(),
    }
