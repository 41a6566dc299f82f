"""Running a compiled pipeline on this machine, its steps as processes."""

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from matops.core.errors import BadInput

BAD_INPUT = f"{BadInput.__module__}.{BadInput.__qualname__}: "


class LineTee(io.TextIOBase):
    """A stream that copies everything to a log and hands whole lines to a listener."""

    def __init__(self, log: TextIO, listen: Callable[[str], None]) -> None:
        self.log = log
        self.listen = listen
        self.pending = ""
        self._lock = Lock()

    def write(self, text: str) -> int:
        """Take text in whatever pieces it comes, from steps that run at once too."""
        with self._lock:
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
            known = ", ".join(inputs)
            raise BadInput(f"the pipeline has no parameter {name!r}; it has: {known}")
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


def run_pipeline(
    definition: Path,
    arguments: Mapping[str, Any],
    root: Path,
    environment: Mapping[str, str],
    listen: Callable[[str], None],
) -> dict[str, Any]:
    """Run a compiled pipeline (Kubeflow IR YAML) step by step.

    Args:
        definition: the compiled pipeline.
        arguments: its parameters.
        root: directory for the run's artifacts and ``pipeline.log``.
        environment: environment variables for the steps.
        listen: gets every line that the steps print.

    Returns:
        The pipeline's outputs by name.

    Raises:
        BadInput: the arguments don't fit, or a step failed; the message is its own where it was
            bad input.
    """
    from kfp import components, local

    pipeline = components.load_component_from_file(str(definition))
    fitting = fitting_arguments(pipeline, arguments)
    root.mkdir(parents=True, exist_ok=True)
    said: list[str] = []

    def note(line: str) -> None:
        if line.startswith(BAD_INPUT):
            said.append(line.removeprefix(BAD_INPUT))
        listen(line)

    os.environ.update(environment)
    with (root / "pipeline.log").open("w") as log, redirect_stdout(LineTee(log, note)):
        # Images and resource requests mean nothing to processes; the runner warns of each.
        warnings.filterwarnings("ignore", module=r"kfp\.local")
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root))
        try:
            task = pipeline(**fitting)
        except RuntimeError as error:
            reason = said[-1] if said else f"{error}; {root / 'pipeline.log'} has the details"
            raise BadInput(reason) from None
    sys.stdout.flush()
    return dict(task.outputs)
