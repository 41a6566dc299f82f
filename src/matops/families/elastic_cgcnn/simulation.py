"""The source ``simulation``: elastic constants of ordered alloys, calculated here with LAMMPS."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matops.core.data.record import Provenance, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import make_crystal
from matops.families.elastic_cgcnn.sources.record import labelled_crystal
from matops.simulators.alloys import enumerate_alloys
from matops.simulators.campaign import label_by_campaign
from matops.simulators.lammps.task import elastic_task, run_elastic_task

METHOD = "EAM, Foiles-Baskes-Daw 1986 (u3)"


def simulate_alloys(
    config: ElasticConfig, work_dir: Path, workers: int, progress: Progress, shard: Shard = WHOLE
) -> Incoming:
    """Alloys with their moduli; those that are not stable are yielded as quarantined.

    Finished alloys are kept in ``work_dir``: an interrupted campaign continues there.
    """
    alloys = shard.of(list(enumerate_alloys(config.simulation.count, config.simulation.seed)))
    tasks = [elastic_task(a.name, a.lattice_A, a.frac_coords, a.species) for a in alloys]
    yield from label_by_campaign(
        [(alloy.name, task, _labelled) for alloy, task in zip(alloys, tasks, strict=True)],
        run_elastic_task,
        Provenance("simulation", "", f"LAMMPS {version('lammps')}", METHOD, licence="CC0-1.0"),
        work_dir,
        workers,
        lambda done, total: progress(done, total, "alloys"),
        shard,
    )


def _labelled(result: Mapping[str, Any], provenance: Provenance) -> Record:
    crystal = make_crystal(result["lattice_A"], result["species"], result["frac_coords"])
    moduli = {"K_VRH": result["K_VRH_GPa"], "G_VRH": result["G_VRH_GPa"]}
    return labelled_crystal(crystal, moduli, provenance)
