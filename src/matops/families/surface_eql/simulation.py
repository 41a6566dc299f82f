"""The source ``simulation``: surfaces of fcc metals, strained here with LAMMPS."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matops.core.data.record import Provenance, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.surface_eql.config import SimulationConfig, SurfaceConfig
from matops.families.surface_eql.data import labelled_surface
from matops.families.surface_eql.surfaces.surface import SURFACE, SURFACE_OF_BULK
from matops.simulators.campaign import label_by_campaign
from matops.simulators.lammps.library import SHIPPED
from matops.simulators.lammps.surfaces.orientations import standard_triangle
from matops.simulators.lammps.surfaces.task import bulk_properties, run_surface_task, surface_task


def simulate_surfaces(
    config: SurfaceConfig, work_dir: Path, workers: int, progress: Progress, shard: Shard = WHOLE
) -> Incoming:
    """Surfaces with their invariants; those that are not sound are yielded as quarantined.

    Finished surfaces are kept in ``work_dir``: an interrupted campaign continues there.
    """
    made = config.simulation
    triangle = standard_triangle(made.orientations)
    surfaces = shard.of([(metal, hkl) for hkl in triangle for metal in made.metals])
    crystals = {metal: _crystal(metal, made) for metal in made.metals}
    samples = [
        (
            "{} ({} {} {})".format(metal, *hkl),
            surface_task(metal, hkl, made.potential or SHIPPED[metal]),
            partial(_labelled, {key: {**crystal, "hkl": list(hkl)}}),
        )
        for metal, hkl in surfaces
        for key, crystal in [crystals[metal]]
    ]
    yield from label_by_campaign(
        samples,
        run_surface_task,
        Provenance("simulation", "", f"LAMMPS {version('lammps')}", _method(made)),
        work_dir,
        workers,
        lambda done, total: progress(done, total, "surfaces"),
        shard,
    )


def _crystal(metal: str, made: SimulationConfig) -> tuple[str, dict[str, Any]]:
    """The form of a metal's payloads, and what stands there beside the indices."""
    if not made.potential:
        return SURFACE, {"metal": metal}
    return SURFACE_OF_BULK, {"bulk": bulk_properties(metal, made.potential)}


def _method(made: SimulationConfig) -> str:
    return f"EAM, {Path(made.potential).name if made.potential else 'u3, and for Al jnp'}"


def _labelled(
    payload: Mapping[str, Any], result: Mapping[str, Any], provenance: Provenance
) -> Record:
    values = {**result, "gamma0": result["energy_J_per_m2"]}
    return labelled_surface(payload, values, provenance)
