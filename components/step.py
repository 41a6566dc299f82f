"""What makes a function a component: its image, and the process that runs it."""

from collections.abc import Callable
from typing import Any

from kfp import dsl

IMAGE, TRAIN_IMAGE = "matops-python", "matops-train-python"
"""Names alone: which build of them is said when a pipeline is compiled."""
EXECUTOR, PROCESS = "-m kfp.dsl.executor_main", "-m matops.entrypoints.pipelines.step_process"


def step(function: Callable[..., Any], image: str = IMAGE) -> Any:
    """A component whose process says in one line why it refuses its input."""
    component = dsl.component(base_image=image, install_kfp_package=False)(function)
    container = component.component_spec.implementation.container
    started = EXECUTOR.replace("-m", PROCESS)
    container.command = [part.replace(EXECUTOR, started) for part in container.command]
    return component
