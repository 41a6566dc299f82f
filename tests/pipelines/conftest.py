"""The compiled pipelines, read once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass(frozen=True)
class Compiled:
    """A pipeline as compiled: the file, and the two documents in it."""

    path: Path
    spec: dict[str, Any]
    platform: dict[str, Any]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """Every step of the pipeline, of its branches and of nested pipelines."""
        dags = [self.spec["root"]["dag"]]
        dags += [c["dag"] for c in self.spec["components"].values() if "dag" in c]
        found = {name: task for dag in dags for name, task in dag["tasks"].items()}
        return {n: task for n, task in found.items() if "executorLabel" in self.component(task)}

    def component(self, task: dict[str, Any]) -> dict[str, Any]:
        return self.spec["components"][task["componentRef"]["name"]]

    def container(self, task: dict[str, Any]) -> dict[str, Any]:
        label = self.component(task)["executorLabel"]
        return self.spec["deploymentSpec"]["executors"][label]["container"]

    def pod(self, task: dict[str, Any]) -> dict[str, Any]:
        """What the step asks of Kubernetes."""
        label = self.component(task)["executorLabel"]
        return self.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][label]


@pytest.fixture(scope="session")
def compiled(definitions: Path) -> dict[str, Compiled]:
    """Every pipeline by the name of its module."""
    paths = definitions.glob("*.yaml")
    return {path.stem: Compiled(path, *yaml.safe_load_all(path.read_text())) for path in paths}
