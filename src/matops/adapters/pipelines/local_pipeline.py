"""Running a compiled pipeline on this machine, its steps as processes or in containers."""

import io
import json
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import yaml
from rich.text import Text

from matops.adapters.pipelines.docker_steps import Containers, container_runner
from matops.core.errors import BadInput


class LineTee(io.TextIOBase):
    """A stream that copies everything to a log and hands whole lines to a listener."""

    def __init__(self, log: TextIO, listen: Callable[[str], None]) -> None:
        self.log, self.listen = log, listen
        self.pending, self._lock = "", Lock()

    def write(self, text: str) -> int:
        """Take text in whatever pieces it comes, from steps that run at once too."""
        with self._lock:
            if self.log.closed:  # kfp's loggers hold on to the stream of an earlier run
                return len(text)
            self.log.write(text)
            self.log.flush()
            *lines, self.pending = (self.pending + text).split("\n")
            for line in lines:
                self.listen(line.strip())
        return len(text)


def fitting_arguments(component: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as a pipeline's parameters want them: numbers may stand for texts.

    Raises:
        BadInput: there is no such parameter, one is missing, or one is of another type.
    """
    inputs = component.component_spec.inputs or {}
    for name in arguments:
        if name not in inputs:
            raise BadInput(f"the pipeline has no parameter {name!r}; it has: {', '.join(inputs)}")
    for name, wanted in inputs.items():
        if not wanted.optional and name not in arguments:
            raise BadInput(f"the pipeline needs its parameter {name!r}")
    return {name: _as_type(name, inputs[name].type, value) for name, value in arguments.items()}


def _as_type(name: str, kind: str, value: Any) -> Any:
    if kind == "String" and not isinstance(value, str):
        return json.dumps(value)
    if kind == "Integer" and type(value) is not int:
        raise BadInput(f"the pipeline's parameter {name!r} is a whole number, not {value!r}")
    return value


def _for_here(definition: Path, environment: Mapping[str, str]) -> str:
    """A compiled pipeline whose steps have these environment variables, and are tried once.

    Retries are for pods that a cluster loses. Here a step fails for a reason, which its user wants
    to read at once; the same command again goes on where it stopped.
    """
    specification, *platform = yaml.safe_load_all(definition.read_text())
    for component in (specification["root"], *specification["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            task.pop("retryPolicy", None)
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    for executor in specification["deploymentSpec"]["executors"].values():
        executor["container"]["env"] = variables
    return str(yaml.safe_dump_all([specification, *platform]))


def run_pipeline(
    definition: Path,
    arguments: Mapping[str, Any],
    root: Path,
    environment: Mapping[str, str],
    listen: Callable[[str], None],
    containers: Containers | None = None,
) -> dict[str, Any]:
    """Run a compiled pipeline (Kubeflow IR YAML) step by step.

    ``root`` gets the run's artifacts and ``pipeline.log``, ``listen`` each line that steps print.
    Steps are processes where no ``containers`` are named.

    Returns:
        The pipeline's outputs by name.

    Raises:
        BadInput: the arguments don't fit, or a step failed or can't be run.
    """
    from kfp import components, local

    pipeline = components.load_component_from_text(_for_here(definition, environment))
    fitting = fitting_arguments(pipeline, arguments)
    root.mkdir(parents=True, exist_ok=True)
    running: AbstractContextManager[Any] = (
        container_runner(containers, definition, arguments)
        if containers
        else nullcontext(local.SubprocessRunner(use_venv=False))
    )
    with (
        (root / "pipeline.log").open("w") as log,
        redirect_stdout(LineTee(log, listen)),
        warnings.catch_warnings(),
        running as runner,
    ):
        # Images and resource requests mean nothing to processes; the runner warns of each.
        warnings.filterwarnings("ignore", module=r"kfp\.local")
        local.init(runner, pipeline_root=str(root))
        try:
            task = pipeline(**fitting)
        except RuntimeError as error:
            reason = Text.from_ansi(str(error)).plain  # kfp paints its words
            raise BadInput(f"{reason}; {root / 'pipeline.log'} has the details") from None
    sys.stdout.flush()
    return dict(task.outputs)
