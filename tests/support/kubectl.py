"""kubectl on one cluster, as a test uses it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import REPOSITORY

TOOLS = REPOSITORY / ".tools"
ESTABLISHED_S = 60.0


def tool(name: str) -> str:
    """Path of a program; those that were built here come first, as they fit the server."""
    found = shutil.which(name, path=str(TOOLS / "bin")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here; make api-server builds it")
    return found


def wait_until(happened: Callable[[], object], what: str, patience_s: float = 60.0) -> None:
    """Wait until a look says yes; what is waited for is named when it doesn't."""
    deadline = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {patience_s:g} s: {what}"
        time.sleep(0.2)


@dataclass(frozen=True)
class Kubectl:
    """A way to a cluster.

    Attributes:
        kubeconfig: the file; None for the one that kubectl finds itself.
        context: which of its clusters and users; None for the current one.
    """

    kubeconfig: Path | None = None
    context: str | None = None

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        options = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        chosen = [f"{name}={value}" for name, value in options.items() if value]
        return [tool("kubectl"), *chosen, *arguments]

    def kubectl(
        self, *arguments: str, given: Any = None, fails: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, on objects if some are given, and fail where it does (or does not)."""
        text = (
            ""
            if given is None
            else json.dumps({"apiVersion": "v1", "kind": "List", "items": given})
        )
        done = subprocess.run(self.command(*arguments), input=text, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    def get(self, *arguments: str) -> Any:
        """What kubectl gets, as JSON."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def add_kinds(self, definitions: Sequence[Any]) -> None:
        """Create CustomResourceDefinitions, and wait until all that there are can be used."""
        self.kubectl("create", "--filename=-", given=definitions)
        wait_until(
            lambda: all(map(_is_established, self.get("crd")["items"])),
            "definitions are established",
            ESTABLISHED_S,
        )


def _is_established(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return {"Established": "True"}.items() <= {c["type"]: c["status"] for c in conditions}.items()
