"""The source ``simulation``: structures made here, labelled by LAMMPS or by finite elements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.record import Provenance, Record
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
from matops.simulators.campaign import Simulate, Task, label_by_campaign
from matops.simulators.lammps.porous.carving import PorousDesign
from matops.simulators.lammps.porous.task import porous_task, run_porous_task


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
    settings = config.simulation
    numbers = shard.of(range(settings.count))
    samples = [draw_metal(settings, index) for index in numbers]
    names = [f"{settings.metal}-{settings.seed}-{index}" for index in numbers]
    return label_metals(samples, names, settings.engine, work_dir, workers, progress, shard)


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
    labelling = _labelling(engine)
    yield from label_by_campaign(
        [
            (name, labelling.task(name, sample), partial(_labelled, sample))
            for name, sample in zip(names, samples, strict=True)
        ],
        labelling.simulate,
        Provenance("simulation", "", labelling.engine, labelling.method, licence="CC0-1.0"),
        work_dir,
        workers,
        lambda done, total: progress(done, total, "structures"),
        shard,
    )


def _labelled(sample: NanoporousMetal, result: Mapping[str, Any], provenance: Provenance) -> Record:
    values = {f"C_{i}{i}": result[f"C_{i}{i}_GPa"] for i in (1, 2, 3)}
    if "load_map" in result:
        sample = replace(sample, load_map=LoadMap.decode(result["load_map"]))
    return labelled_metal(sample, values, provenance)


def _porous_task(name: str, sample: NanoporousMetal) -> Task:
    """What LAMMPS is asked: whole conventional cells, of the metal's own lattice constant."""
    waves = sample.geometry
    if not isinstance(waves, LevelledWaves):
        raise BadInput(f"{name}: a voxel grid can't be carved; only levelled waves can")
    cells = round(sample.cell_A / METALS[sample.metal].lattice_constant_A)
    design = PorousDesign(
        sample.metal, cells, waves.hkl_squared, waves.solid_fraction, waves.phases_rad
    )
    return porous_task(name, design)


def _labelling(engine: Engine) -> Labelling:
    if engine == "molecular_dynamics":
        method = "EAM, Foiles-Baskes-Daw 1986 (u3)"
        return Labelling(_porous_task, run_porous_task, f"LAMMPS {version('lammps')}", method)
    return Labelling(
        lambda _, sample: {"payload": write_payload(sample)},
        run_continuum_task,
        f"matops {version('matops')}",
        f"voxel finite elements, {VOXELS}³, penalty {PENALTY:g}, u3 crystal",
    )


def demo_sample() -> NanoporousMetal:
    """A structure of the kind that the demo simulates, but none of its own."""
    return draw_metal(replace(SMALL, seed=2026), 0)
