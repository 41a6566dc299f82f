"""Runs of compiled pipelines on this machine.

What trains and judges does so in processes of the steps, and is not imported here: a run with
nothing to do is soon over.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.adapters.pipelines.docker_steps import WORKSPACE, Containers
from matops.adapters.pipelines.local_pipeline import run_pipeline
from matops.core.errors import BadInput
from matops.entrypoints.events import Event, read_events
from matops.entrypoints.pipelines.project import compiled_pipelines
from matops.entrypoints.settings import EVENTS, PARENT, Settings, read_settings
from matops.families import check_family


@dataclass(frozen=True)
class PipelineRequest:
    """What a pipeline is run on."""

    family: str
    preset: str  # configuration preset; empty for the pipeline's own
    source: str  # what to ingest first; empty for nothing
    changes: dict[str, Any]  # changed configuration fields
    init_from: str  # package, or version in the workspace, from which to start; empty for none
    parameters: dict[str, Any] = field(default_factory=dict)  # further parameters of the pipeline

    @property
    def named(self) -> dict[str, str]:
        """What every pipeline may be given, by the names of parameters."""
        return {
            "family": self.family,
            "preset": self.preset,
            "source": self.source,
            "changes": json.dumps(self.changes),
            "init_from": self.init_from,
        }

    def arguments(self) -> dict[str, Any]:
        """What a pipeline is given here; what was left out is its own to say."""
        named = self.named
        if self.init_from:
            from matops.entrypoints.packages import package_to_start_from

            named["init_from"] = str(package_to_start_from(self.init_from, self.family).resolve())
        return {name: value for name, value in named.items() if value} | self.parameters


def check_request(pipeline: str, request: PipelineRequest) -> None:
    """Whether the family can do what the pipeline is for, before any of its steps begins.

    Raises:
        BadInput: there is no such family, or it makes no designs.
    """
    check_family(request.family)
    if pipeline == "screen_designs":
        from matops.families import get_family
        from matops.steps.exploring.screen_part import designing

        designing(get_family(request.family))


def run_here(
    pipeline: str, request: PipelineRequest, listen: Callable[[Event], None]
) -> dict[str, Any]:
    """Run a pipeline here, step by step, and return its outputs.

    ``listen`` gets what the steps tell.
    """
    check_request(pipeline, request)
    settings = read_settings()
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    arguments = request.arguments()
    inputs = [str(arguments.get(name, "")) for name in ("source", "init_from", "package")]
    inputs.append(str(request.changes.get("split.file", "")))
    environment, containers = _place(settings, inputs)
    refused: list[str] = []

    def hear(line: str) -> None:
        for event in read_events(line):
            if event.kind == "refused":
                refused.append(event.text)
            else:
                listen(event)

    listen(Event("start", "compiling", pipeline))
    try:
        return run_pipeline(
            compiled_pipelines(settings, [pipeline], for_platform=False)[pipeline],
            arguments,
            (settings.workspace / "runs" / f"{pipeline}-{stamp}").resolve(),
            environment,
            hear,
            containers,
        )
    except BadInput:
        if refused:
            raise BadInput(refused[-1]) from None
        raise


def _place(settings: Settings, inputs: Iterable[str]) -> tuple[dict[str, str], Containers | None]:
    """What steps need beside the environment that processes inherit; containers inherit nothing.

    Containers see the workspace, and of the rest what the run is to read.
    """
    workspace = settings.workspace.resolve()
    if settings.runner == "process":
        here = {EVENTS: "1", PARENT: str(os.getpid())}
        return {"MATOPS_WORKSPACE": str(workspace), **here}, None
    environment = settings.for_containers() | {"MATOPS_WORKSPACE": WORKSPACE, EVENTS: "1"}
    places = tuple(Path(one).absolute() for one in inputs if one and Path(one).exists())
    limits = settings.docker_memory, settings.docker_network
    return environment, Containers(workspace, places, *limits)
