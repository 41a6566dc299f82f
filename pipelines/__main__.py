"""Compile every pipeline to Kubeflow IR YAML: ``python -m pipelines DIRECTORY``.

With ``--native`` also to objects for Kubeflow's Kubernetes-native mode, in ``DIRECTORY/native``.
With ``--local`` for this machine alone, where an image may have any name.

Pipelines are loaded before anything that imports torch: kfp looks through all loaded modules each
time that a step asks for something, and with torch's among them compiling takes four times as long.
"""

import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from kfp import compiler

import pipelines
from components.step import IMAGE, TRAIN_IMAGE
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings

RESERVED = (
    *("step_cpu", "step_cpu_limit", "step_memory"),
    *("train_cpu", "train_memory", "train_gpus"),
)
"""Parameters for which there are settings of the same names."""


def _pipelines() -> Iterator[tuple[str, Any]]:
    """Each module of this package that defines ``PIPELINE``, and what it defines."""
    for module in iter_modules(pipelines.__path__):
        if not module.name.startswith("_"):
            yield module.name, import_module(f"pipelines.{module.name}").PIPELINE


@dataclass(frozen=True)
class Choices:
    """What is chosen when pipelines are compiled, since it can't be a run's parameter.

    Attributes:
        images: of the steps, by the names that components have.
        defaults: of parameters, by their names.
        shards_at_once: shards that run at the same time.
    """

    images: dict[str, str]
    defaults: dict[str, str]
    shards_at_once: int


def choices(for_platform: bool) -> Choices:
    """What the settings say.

    Raises:
        BadInput: an image for a platform can be built again under its name.
    """
    from matops.entrypoints.pipelines.images import step_images

    settings = read_settings()
    images = step_images(settings, for_platform)
    named = {IMAGE: images.steps, TRAIN_IMAGE: images.train}
    reserved = {name: str(getattr(settings, name)) for name in RESERVED}
    return Choices(named, {"train_image": images.train, **reserved}, settings.shards_at_once)


def _chosen(pipeline: Any, chosen: Choices) -> Any:
    """A copy of a pipeline with the choices filled in."""
    pipeline = copy.copy(pipeline)
    pipeline.component_spec = copy.deepcopy(pipeline.component_spec)
    spec = pipeline.pipeline_spec
    for executor in spec.deployment_spec["executors"].values():
        container = executor["container"]
        container["image"] = chosen.images.get(container["image"], container["image"])
    for component in (spec.root, *spec.components.values()):
        for name, parameter in component.input_definitions.parameters.items():
            if name in chosen.defaults and parameter.HasField("default_value"):
                parameter.default_value.string_value = chosen.defaults[name]
        for task in component.dag.tasks.values():
            if task.HasField("parameter_iterator"):
                task.iterator_policy.parallelism_limit = chosen.shards_at_once
    return pipeline


def compile_all(directory: Path, chosen: Choices) -> list[Path]:
    """Compile each pipeline, and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, pipeline in _pipelines():
        path = directory / f"{name}.yaml"
        compiler.Compiler().compile(_chosen(pipeline, chosen), str(path))
        written.append(path)
    return written


def write_native(directory: Path, chosen: Choices) -> list[Path]:
    """Write each compiled pipeline as ``Pipeline`` and ``PipelineVersion`` for Kubernetes.

    A version has the name under which ``matops platform upload`` has it.

    Args:
        directory: where the compiled pipelines are; the objects go to ``native`` in it.
        chosen: with what they were compiled.
    """
    from matops.entrypoints.pipelines.platform import version_name
    from matops.entrypoints.wiring import code_commit

    native, settings = directory / "native", read_settings()
    native.mkdir(exist_ok=True)
    written = []
    for name, pipeline in _pipelines():
        version = version_name(code_commit(settings), directory / f"{name}.yaml")
        options = compiler.KubernetesManifestOptions(
            pipeline_name=pipeline.name,
            pipeline_version_name=f"{pipeline.name}-{version}",
            pipeline_version_display_name=version,
            namespace=settings.kfp_namespace or None,
            include_pipeline_manifest=True,
        )
        path = native / f"{name}.yaml"
        compiler.Compiler().compile(
            _chosen(pipeline, chosen),
            str(path),
            kubernetes_manifest_options=options,
            kubernetes_manifest_format=True,
        )
        written.append(path)
    return written


def main() -> None:
    """Compile, and print the files."""
    place, options = Path(sys.argv[1]), sys.argv[2:]
    list(_pipelines())
    try:
        chosen = choices(for_platform="--local" not in options)
        written = compile_all(place, chosen)
        if "--native" in options:
            written += write_native(place, chosen)
    except BadInput as error:
        sys.exit(str(error))
    for file in written:
        print(file)


if __name__ == "__main__":
    main()
