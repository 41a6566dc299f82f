"""What a policy linter says of the overlays: nothing, but for what has a reason here."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache

import pytest
import yaml

from tests.support.kustomize import TOOLS, build

KEPT = {
    "container-image-pull-policy": "tags are versions and never moved; kind is handed its images",
    "networkpolicy-targets-pod": "KServe and Kubeflow make the pods of these policies",
    "deployment-replicas": "MinIO and Prometheus of the local overlay have one disk each",
    "deployment-strategy": "of two pods on one disk the new one would wait for the old one",
}
"""Checks of kube-score that are not followed, and why."""

FOUND_IN = {
    "overlays/local": set(KEPT),
    "overlays/production": {"container-image-pull-policy", "networkpolicy-targets-pod"},
}


@cache
def complaints(directory: str) -> dict[str, set[str]]:
    """Objects by check that warns or worse."""
    return score(yaml.safe_dump_all(build(directory)))


def score(text: str) -> dict[str, set[str]]:
    program = shutil.which("kube-score", path=str(TOOLS / "bin")) or shutil.which("kube-score")
    if program is None:
        pytest.skip("kube-score is not here; make kube-score builds it")
    command = [program, "score", "-o", "json", "--kubernetes-version", "v1.34", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    found: dict[str, set[str]] = {}
    for item in json.loads(done.stdout):
        for check in item["checks"]:
            if not check["skipped"] and check["grade"] < 7:  # 7 hints, 10 is fine
                found.setdefault(check["check"]["id"], set()).add(item["object_name"])
    return found


@pytest.mark.parametrize("directory", FOUND_IN)
def test_the_linter_finds_what_has_a_reason_and_nothing_else(directory: str) -> None:
    assert set(complaints(directory)) == FOUND_IN[directory], complaints(directory)


def test_the_linter_finds_what_is_wrong() -> None:
    items = [item for item in build("overlays/production") if item["kind"] == "CronJob"]
    text = yaml.safe_dump_all(items).replace("readOnlyRootFilesystem: true", "privileged: true")
    found = score(text)
    assert "container-security-context-privileged" in found
    assert "container-security-context-readonlyrootfilesystem" in found


@pytest.mark.parametrize("check", KEPT)
def test_each_reason_is_needed(check: str) -> None:
    assert any(check in complaints(directory) for directory in FOUND_IN)
