"""What kustomize makes of a directory in manifests/."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from tests.support.places import REPOSITORY

MANIFESTS = REPOSITORY / "manifests"
TOOLS = REPOSITORY / ".tools"
BUILT = ("overlays/local", "overlays/production", "gateway", "training")
"""The directories that a user hands to kubectl."""


def program() -> list[str]:
    """The command that builds: kustomize, or kubectl, which has it inside."""
    if own := shutil.which("kustomize") or shutil.which("kustomize", path=str(TOOLS / "bin")):
        return [own, "build"]
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    pytest.skip("neither kustomize nor kubectl is here; make kustomize builds the first")


@cache
def build(directory: str) -> tuple[dict[str, Any], ...]:
    """The objects of a directory below manifests/."""
    command = [*program(), str(MANIFESTS / directory)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def title(item: dict[str, Any]) -> str:
    """An object as a test's name has it."""
    return f"{item['kind']}/{item['metadata']['name']}"


def everything() -> list[Any]:
    """Every object of every directory, as parameters of a test."""
    try:
        return [
            pytest.param(item, id=f"{directory}:{title(item)}")
            for directory in BUILT
            for item in build(directory)
        ]
    except pytest.skip.Exception as reason:
        return [pytest.param({}, marks=pytest.mark.skip(reason=str(reason)))]
