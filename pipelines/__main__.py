"""Compile every pipeline to Kubeflow IR YAML: ``python -m pipelines DIRECTORY``."""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from kfp import compiler

import pipelines


def compile_all(directory: Path) -> list[Path]:
    """Compile each module of this package that defines ``PIPELINE``."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for module in iter_modules(pipelines.__path__):
        if module.name.startswith("_"):
            continue
        path = directory / f"{module.name}.yaml"
        pipeline = import_module(f"pipelines.{module.name}").PIPELINE
        compiler.Compiler().compile(pipeline, str(path))
        written.append(path)
    return written


if __name__ == "__main__":
    for compiled in compile_all(Path(sys.argv[1])):
        print(compiled)
