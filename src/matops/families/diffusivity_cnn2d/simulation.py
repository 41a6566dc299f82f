"""The source ``simulation``: random structures, labelled by finite volumes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.record import Payload, Provenance, Record, make_record
from matops.core.data.shard import WHOLE, Shard
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.diffusivity_cnn2d.about import TARGETS
from matops.families.diffusivity_cnn2d.config import PRESETS, DiffusivityConfig, SimulationConfig
from matops.families.diffusivity_cnn2d.images.pore_image import (
    PoreImage,
    doubled,
    group_of,
    parse_image,
    write_payload,
)
from matops.simulators.campaign import Task, label_by_campaign
from matops.simulators.porous_media.diffusion import NotConvergedError, effective_diffusivity
from matops.simulators.porous_media.structures import (
    DENSEST_PACKING,
    Kind,
    StructureDesign,
    make_structure,
)

SIZES: Mapping[Kind, tuple[float, float]] = {
    "quartet": (3.16, 14.1),
    "discs": (3.0, 8.0),
    "squares": (3.0, 8.0),
    "gaussian": (1.5, 5.0),
    "fibres": (1.5, 4.0),
    "packing": (3.0, 8.0),
}
"""Least and largest size of each kind in pixels of an image of 128; see ``SimulationConfig``."""
REFERENCE_EDGE = 128
DOUBLED = (0, 1)
"""Stream of the numbers that say which images are doubled, beside that of the structures."""
METHOD = "finite volumes, steady diffusion, a pixel a cell, half cells at the faces"


def draw_design(
    config: SimulationConfig, index: int, stream: Sequence[int] = ()
) -> StructureDesign:
    """Structure number ``index``, reproducible; ``stream`` seeds it further, beside a campaign."""
    rng = np.random.default_rng([config.seed, index, *stream])
    kind = config.kinds[index % len(config.kinds)]
    porosity = rng.uniform(config.least_porosity, config.most_porosity)
    if kind == "packing":
        porosity = max(porosity, 1 - DENSEST_PACKING)
    low, high = np.log(SIZES[kind])
    size = max(1.0, float(np.exp(rng.uniform(low, high))) * config.edge / REFERENCE_EDGE)
    anisotropy = config.most_anisotropy ** rng.uniform(-1, 1)
    shape, seed = (config.edge, config.edge), (config.seed, index, *stream)
    return StructureDesign(
        kind, shape, float(porosity), size, float(anisotropy), config.periodic, seed
    )


def draw_task(config: SimulationConfig, index: int) -> Task:
    """What a campaign labels as number ``index``: a structure, or one of half the edge, doubled."""
    drawn = np.random.default_rng([config.seed, index, *DOUBLED]).random()
    if drawn >= config.doubled_share:
        return {"design": asdict(draw_design(config, index))}
    halved = replace(config, edge=config.edge // 2, doubled_share=0.0)
    return {"design": asdict(draw_design(halved, index)), "doubled": True}


def simulate_images(
    config: DiffusivityConfig,
    work_dir: Path,
    workers: int,
    progress: Progress,
    shard: Shard = WHOLE,
) -> Incoming:
    """Structures with their diffusivities along x and y.

    Finished ones are kept in ``work_dir``: an interrupted campaign continues there.
    """
    settings = config.simulation
    numbers = shard.of(range(settings.count))
    tasks = [draw_task(settings, index) for index in numbers]
    kinds = [task["design"]["kind"] for task in tasks]
    names = [f"{kind}-{settings.seed}-{i}" for kind, i in zip(kinds, numbers, strict=True)]
    yield from _label(names, tasks, work_dir, workers, progress, shard)


def confirm_images(
    payloads: Sequence[Payload],
    config: DiffusivityConfig,
    work_dir: Path,
    workers: int,
    progress: Progress,
) -> Incoming:
    """The given images with their diffusivities; one record or refusal for each."""
    tasks = [{"payload": write_payload(parse_image(payload).pores)} for payload in payloads]
    names = [f"design {group_of(parse_image(task['payload']).pores)}" for task in tasks]
    return _label(names, tasks, work_dir, workers, progress, WHOLE)


def _label(
    names: Sequence[str],
    tasks: Sequence[Task],
    work_dir: Path,
    workers: int,
    progress: Progress,
    shard: Shard,
) -> Incoming:
    return label_by_campaign(
        [(name, task, labelled) for name, task in zip(names, tasks, strict=True)],
        run_diffusion_task,
        stated_here("simulation"),
        work_dir,
        workers,
        lambda done, total: progress(done, total, "images"),
        shard,
    )


def stated_here(source: str) -> Provenance:
    """Where labels come from that are made here."""
    return Provenance(source, "", f"matops {version('matops')}", METHOD, licence="CC0-1.0")


def run_diffusion_task(task: Task) -> dict[str, Any]:
    """Label the image of a payload, or of a design that it makes; what a campaign runs."""
    if "design" in task:
        design: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in task["design"].items()
        }
        try:
            pores = make_structure(StructureDesign(**design))
        except ValueError as error:
            return {"accepted": False, "reason": "no such structure", "detail": str(error)}
        if task.get("doubled"):
            pores = doubled(pores)
    else:
        pores = parse_image(task["payload"]).pores
    return label_pores(PoreImage(pores))


def label_pores(image: PoreImage) -> dict[str, Any]:
    """Payload, D_x and D_y of an image, or why it has none."""
    try:
        values = [effective_diffusivity(image.pores, axis).relative_diffusivity for axis in (1, 0)]
    except NotConvergedError as error:
        return {"accepted": False, "reason": "not converged", "detail": str(error)}
    labels = dict(zip((target.name for target in TARGETS), values, strict=True))
    return {"accepted": True, "payload": write_payload(image.pores), **labels}


def labelled(result: Mapping[str, Any], provenance: Provenance) -> Record:
    """The record of an accepted result of :func:`run_diffusion_task`."""
    values = {target.name: min(float(result[target.name]), 1.0) for target in TARGETS}
    image = parse_image(result["payload"])
    return make_record(group_of(image.pores), result["payload"], values, TARGETS, provenance)


def demo_sample() -> PoreImage:
    """A structure of the kind that the demo simulates, but none of its own; both axes span."""
    settings = replace(PRESETS["demo"].simulation, seed=2026, least_porosity=0.75)
    return PoreImage(make_structure(draw_design(settings, 1)))
