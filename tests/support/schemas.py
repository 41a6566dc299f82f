"""Strict checks of Kubernetes objects: a field that their kind does not have is an error.

Schemas are never in this repository. Kubernetes' own come from the package kubernetes-validate,
KServe's and Kubeflow Trainer's from the models that they publish, and those of the Gateway API and
of the Prometheus operator from the definitions in their Go modules, which ``make crds`` fetches.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from kubeflow_trainer_api import models
from pydantic import ValidationError

from tests.support.kserve_models import check_model
from tests.support.kustomize import TOOLS

Json = dict[str, Any]

KUBERNETES = "1.34"
KSERVE = "serving.kserve.io"
TRAINER = "trainer.kubeflow.org"
DEFINED = {
    "gateway.networking.k8s.io": "gateway-api",
    "monitoring.coreos.com": "prometheus-operator",
}
"""Folder of the definitions by API group."""


def check(item: Json) -> None:
    """Raise ValueError, with the place and the reason, for an object that its kind forbids."""
    group, _, version = item["apiVersion"].rpartition("/")
    try:
        if group == KSERVE:
            _check_published(f"{version.capitalize()}{item['kind']}", item)
        elif group == TRAINER:
            _check_trainer(item)
        elif group in DEFINED:
            _check_defined(group, version, item)
        else:
            kubernetes_validate.validate(item, KUBERNETES, strict=True)
    except jsonschema.ValidationError as error:
        raise ValueError(f"{error.json_path}: {error.message}") from None
    except AssertionError as error:
        raise ValueError(str(error)) from None


def _check_published(model: str, item: Json) -> None:
    """KServe's models; an admission webhook fills in what they call required in a status."""
    check_model(model, {k: v for k, v in item.items() if k != "status"}, item["kind"])


def _check_trainer(item: Json) -> None:
    """Kubeflow Trainer's models: what they don't know, they forget."""
    model = getattr(models, f"TrainerV1alpha1{item['kind']}", None)
    assert model, f"{item['apiVersion']}: no kind {item['kind']}"
    try:
        known = model.from_dict(item).to_dict()
    except ValidationError as error:
        raise ValueError(f"{item['kind']}: {error}") from None
    assert known == item, f"{item['kind']}: unknown field"


def _check_defined(group: str, version: str, item: Json) -> None:
    check_model("V1ObjectMeta", item.get("metadata", {}), "metadata")
    schema = definitions(group).get((version, item["kind"]))
    assert schema, f"{item['apiVersion']}: no kind {item['kind']}"
    jsonschema.Draft202012Validator(schema).validate(item)


class Definitions(yaml.CSafeLoader):
    """YAML in which a plain ``=`` is a text, as it is an operator of alerts' matchers."""


Definitions.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))


@cache
def definitions(group: str) -> dict[tuple[str, str], Json]:
    """Strict schemas of an API group by version and kind."""
    found = {}
    for path in sorted((TOOLS / "crds" / DEFINED[group]).glob("*.yaml")):
        for definition in yaml.load_all(path.read_text(), Loader=Definitions):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"])
                found[version["name"], spec["names"]["kind"]] = schema
    if not found:
        pytest.skip(f"no definitions of {group}: make crds fetches them")
    return found


def _closed(schema: Any) -> Any:
    """A schema under which an object has no fields but those named, as a strict server reads it."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    free = closed.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in closed
    if isinstance(closed.get("properties"), dict) and "type" in closed and not free:
        closed["additionalProperties"] = False
    return closed


def misspellings(item: Json) -> Iterator[tuple[str, Json]]:
    """An object with one field misspelt, for each field in turn, and where that is.

    Left out are the names in labels, selectors, quantities and data, which everybody chooses.
    """
    for path, changed in _misspellings(item, ""):
        if path not in {".apiVersion", ".kind"}:
            yield path, changed


CHOSEN = {
    *("labels", "annotations", "data", "matchLabels", "selector"),
    *("requests", "limits", "hard", "default", "defaultRequest"),
}


def _misspellings(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for number, part in enumerate(value):
            for where, changed in _misspellings(part, f"{path}[{number}]"):
                yield where, [*value[:number], changed, *value[number + 1 :]]
    elif isinstance(value, dict) and not _is_chosen(value, path):
        for name, part in value.items():
            here = f"{path}.{name}"
            yield here, {f"{k}x" if k == name else k: v for k, v in value.items()}
            for where, changed in _misspellings(part, here):
                yield where, {**value, name: changed}


def _is_chosen(value: Json, path: str) -> bool:
    """Whether everybody chooses these names, as in a Service's selector: it nests nothing."""
    nested = any(isinstance(part, (dict, list)) for part in value.values())
    return path.rpartition(".")[2] in CHOSEN and not nested
