"""The compiled pipelines, once a session."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.places import REPOSITORY


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
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compiled]:
    """Every pipeline by the name of its module."""
    out = tmp_path_factory.mktemp("compiled")
    command = [sys.executable, "-m", "pipelines", str(out)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    paths = [Path(line) for line in done.stdout.split()]
    return {path.stem: Compiled(path, *yaml.safe_load_all(path.read_text())) for path in paths}
