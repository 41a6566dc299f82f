"""The manifests: whole, without orphans, and safe by default."""

from pathlib import Path
from typing import Any

import yaml
from kserve.models import V1alpha1ServingRuntimeSpec

BASE = Path(__file__).parents[2] / "manifests" / "base"


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((BASE / name).read_text())
    return content


def test_every_file_is_a_resource_and_every_resource_a_file() -> None:
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(load("kustomization.yaml")["resources"])


def test_runtime_has_only_fields_that_kserve_knows() -> None:
    spec = load("serving-runtime.yaml")["spec"]
    assert set(spec) <= set(V1alpha1ServingRuntimeSpec.attribute_map.values())


def test_container_can_do_nothing_but_serve() -> None:
    [container] = load("serving-runtime.yaml")["spec"]["containers"]
    context = container["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert container["command"][:3] == ["matops", "serve", "/mnt/models"]
