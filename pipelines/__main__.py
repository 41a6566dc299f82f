"""Compile every pipeline to Kubeflow IR YAML: ``python -m pipelines DIRECTORY``.

With ``--native`` also to objects for Kubeflow's Kubernetes-native mode, in ``DIRECTORY/native``.

Pipelines are loaded before anything that imports torch: kfp looks through all loaded modules each
time that a step asks for something, and with torch's among them compiling takes four times as long.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from kfp import compiler

import pipelines
from matops.entrypoints.settings import read_settings


def _pipelines() -> Iterator[tuple[str, Any]]:
    """Each module of this package that defines ``PIPELINE``, and what it defines."""
    for module in iter_modules(pipelines.__path__):
        if not module.name.startswith("_"):
            yield module.name, import_module(f"pipelines.{module.name}").PIPELINE


def compile_all(directory: Path) -> list[Path]:
    """Compile each pipeline, and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, pipeline in _pipelines():
        path = directory / f"{name}.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        written.append(path)
    return written


def write_native(directory: Path) -> list[Path]:
    """Write each compiled pipeline as ``Pipeline`` and ``PipelineVersion`` for Kubernetes.

    A version has the name under which ``matops platform upload`` has it.

    Args:
        directory: where the compiled pipelines are; the objects go to ``native`` in it.
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
            pipeline,
            str(path),
            kubernetes_manifest_options=options,
            kubernetes_manifest_format=True,
        )
        written.append(path)
    return written


if __name__ == "__main__":
    place = Path(sys.argv[1])
    found = compile_all(place)
    if "--native" in sys.argv:
        found += write_native(place)
    for file in found:
        print(file)
