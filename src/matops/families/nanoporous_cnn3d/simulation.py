"""The source ``simulation``: structures made here, labelled by LAMMPS or by finite elements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.nanoporous_cnn3d.config import (
    SMALL,
    Engine,
    NanoporousConfig,
    SimulationConfig,
)
from matops.families.nanoporous_cnn3d.data import labelled_metal
from matops.families.nanoporous_cnn3d.metal.load_map import LoadMap
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import write_payload
from matops.families.nanoporous_cnn3d.metal.structure import LevelledWaves, NanoporousMetal
from matops.families.nanoporous_cnn3d.morphology.physical import PENALTY, VOXELS, run_continuum_task
from matops.physics.levelled_waves import wave_vectors
from matops.simulators.campaign import Simulate, Task, run_campaign
from matops.simulators.lammps.porous.carving import PorousDesign
from matops.simulators.lammps.porous.task import porous_task, run_porous_task
from matops.simulators.ledger import TaskRecord, task_key


@dataclass(frozen=True)
class Labelling:
    """A way to label structures."""

    task: Callable[[str, NanoporousMetal], Task]  # a campaign's task, from name and structure
    simulate: Simulate
    engine: str  # program, with version
    method: str  # potential or approximation


def draw_metal(config: SimulationConfig, index: int, stream: Sequence[int] = ()) -> NanoporousMetal:
    """Structure number ``index``, reproducible; ``stream`` seeds it further, beside a campaign."""
    rng = np.random.default_rng([config.seed, index, *stream])
    phases_rad = rng.uniform(0.0, 2 * np.pi, len(wave_vectors(config.hkl_squared)))
    solid_fraction = rng.uniform(config.least_solid_fraction, config.most_solid_fraction)
    waves = LevelledWaves(config.hkl_squared, float(solid_fraction), tuple(phases_rad.tolist()))
    cell_A = config.cells * METALS[config.metal].lattice_constant_A
    return NanoporousMetal(config.metal, cell_A, waves)


def simulate_metals(
    config: NanoporousConfig, work_dir: Path, workers: int, progress: Progress, shard: Shard = WHOLE
) -> Incoming:
    """Structures with their stiffness; those that are not elastic are yielded as quarantined.

    Finished structures are kept in ``work_dir``: an interrupted campaign continues there.
    """
    asked = config.simulation
    numbers = shard.of(range(asked.count))
    samples = [draw_metal(asked, index) for index in numbers]
    names = [f"{asked.metal}-{asked.seed}-{index}" for index in numbers]
    return label_metals(samples, names, asked.engine, work_dir, workers, progress, shard)


def label_metals(
    samples: Sequence[NanoporousMetal],
    names: Sequence[str],
    engine: Engine,
    work_dir: Path,
    workers: int,
    progress: Progress,
    shard: Shard = WHOLE,
) -> Incoming:
    """The given structures with their stiffness, by the engine; one that is repeated runs once."""
    labelling = LABELLINGS[engine]()
    tasks = [labelling.task(*pair) for pair in zip(names, samples, strict=True)]

    def report(done: int, total: int) -> None:
        progress(done, total, "structures")

    records = run_campaign(tasks, labelling.simulate, work_dir, workers, report, shard)
    today = datetime.now(UTC).date().isoformat()
    stated = Provenance(
        "simulation", "", labelling.engine, labelling.method, today, licence="CC0-1.0"
    )
    by_key = {record.key: record for record in records}
    for name, sample, task in zip(names, samples, tasks, strict=True):
        yield _record(sample, by_key[task_key(labelling.simulate, task)], name, stated)


def _record(
    sample: NanoporousMetal, finished: TaskRecord, name: str, stated: Provenance
) -> Record | Quarantined:
    result = finished.result
    if result is None:
        return Quarantined(name, f"simulation failed: {finished.failure}")
    if not result["accepted"]:
        return Quarantined(name, f"{result['reason']}: {result['detail']}")
    values = {f"C_{i}{i}": result[f"C_{i}{i}_GPa"] for i in (1, 2, 3)}
    try:
        if "load_map" in result:
            sample = replace(sample, load_map=LoadMap.decode(result["load_map"]))
        return labelled_metal(sample, values, replace(stated, origin=name))
    except BadInput as error:
        return Quarantined(name, str(error).removeprefix(f"{name}: "))


def _porous_task(name: str, sample: NanoporousMetal) -> Task:
    """What LAMMPS is asked: whole conventional cells, of the metal's own lattice constant.

    Raises:
        BadInput: only levelled waves are carved.
    """
    waves = sample.geometry
    if not isinstance(waves, LevelledWaves):
        raise BadInput(f"{name}: a voxel grid can't be carved; only levelled waves can")
    cells = round(sample.cell_A / METALS[sample.metal].lattice_constant_A)
    design = PorousDesign(
        sample.metal, cells, waves.hkl_squared, waves.solid_fraction, waves.phases_rad
    )
    return porous_task(name, design)


def _molecular_dynamics() -> Labelling:
    return Labelling(
        task=_porous_task,
        simulate=run_porous_task,
        engine=f"LAMMPS {version('lammps')}",
        method="EAM, Foiles-Baskes-Daw 1986 (u3)",
    )


def _finite_elements() -> Labelling:
    return Labelling(
        task=lambda _, sample: {"payload": write_payload(sample)},
        simulate=run_continuum_task,
        engine=f"matops {version('matops')}",
        method=f"voxel finite elements, {VOXELS}³, penalty {PENALTY:g}, u3 crystal",
    )


LABELLINGS: dict[Engine, Callable[[], Labelling]] = {
    "molecular_dynamics": _molecular_dynamics,
    "finite_elements": _finite_elements,
}


def demo_sample() -> NanoporousMetal:
    """A structure of the kind that the demo simulates, but none of its own."""
    return draw_metal(replace(SMALL, seed=2026), 0)
