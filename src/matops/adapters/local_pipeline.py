"""Running a compiled pipeline on this machine, its steps as processes or in containers."""

import io
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from matops.adapters.docker_steps import Containers, container_runner
from matops.core.errors import BadInput

BAD_INPUT = f"{BadInput.__module__}.{BadInput.__qualname__}: "


class LineTee(io.TextIOBase):
    """A stream that copies everything to a log and hands whole lines to a listener."""

    def __init__(self, log: TextIO, listen: Callable[[str], None]) -> None:
        self.log = log
        self.listen = listen
        self.pending = ""

    def write(self, text: str) -> int:
        """Take text in whatever pieces it comes."""
        self.log.write(text)
        self.log.flush()
        *lines, self.pending = (self.pending + text).split("\n")
        for line in lines:
            self.listen(line.strip())
        return len(text)


def run_pipeline(
    definition: Path,
    arguments: Mapping[str, Any],
    root: Path,
    environment: Mapping[str, str],
    listen: Callable[[str], None],
    containers: Containers | None = None,
) -> dict[str, Any]:
    """Run a compiled pipeline (Kubeflow IR YAML) step by step.

    Args:
        definition: the compiled pipeline.
        arguments: its parameters.
        root: directory for the run's artifacts and ``pipeline.log``.
        environment: environment variables for the steps that are processes.
        listen: gets every line that the steps print.
        containers: how steps run in containers; None for processes.

    Returns:
        The pipeline's outputs by name.

    Raises:
        BadInput: a step failed, or can't be run; the message is its own where it was bad input.
    """
    from kfp import components, local

    root.mkdir(parents=True, exist_ok=True)
    said: list[str] = []

    def note(line: str) -> None:
        if line.startswith(BAD_INPUT):
            said.append(line.removeprefix(BAD_INPUT))
        listen(line)

    os.environ.update(environment)
    processes = local.SubprocessRunner(use_venv=False)
    runner = container_runner(containers, definition, arguments) if containers else processes
    with (root / "pipeline.log").open("w") as log, redirect_stdout(LineTee(log, note)):
        # Images and resource requests mean nothing to processes; the runner warns of each.
        warnings.filterwarnings("ignore", module=r"kfp\.local")
        local.init(runner, pipeline_root=str(root))
        try:
            task = components.load_component_from_file(str(definition))(**arguments)
        except RuntimeError as error:
            reason = said[-1] if said else f"{error}; {root / 'pipeline.log'} has the details"
            raise BadInput(reason) from None
    sys.stdout.flush()
    return dict(task.outputs)
