"""KServe's kinds as definitions that a real API server takes, made of the models that it publishes.

KServe's own definitions are in no package that could be installed. These have the same fields and
types, and none of its defaults and rules.
"""

from __future__ import annotations

import re
from typing import Any

import kserve.models
import kubernetes.client.models

Json = dict[str, Any]

PLAIN = {
    "str": "string",
    "int": "integer",
    "bool": "boolean",
    "float": "number",
    "KnativeURL": "string",
    "datetime": "string",
}
KINDS = (
    ("v1beta1", "InferenceService", "V1beta1InferenceServiceSpec", "Namespaced"),
    ("v1alpha1", "ServingRuntime", "V1alpha1ServingRuntimeSpec", "Namespaced"),
    ("v1alpha1", "ClusterStorageContainer", "V1alpha1StorageContainerSpec", "Cluster"),
)
"""Version, kind, the model of its specification, and where it lives."""


def definitions() -> list[Json]:
    """CustomResourceDefinitions of the kinds that the manifests and a release have."""
    return [_definition(*kind) for kind in KINDS]


def _definition(version: str, kind: str, model: str, scope: str) -> Json:
    group, plural = "serving.kserve.io", f"{kind.lower()}s"
    fields = _schema(model)
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": fields, "status": status}}
    served = {"name": version, "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {**served, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
            ],
        },
    }


def _schema(kind: str) -> Json:
    if nested := re.fullmatch(r"list\[(.+)\]", kind):
        return {"type": "array", "items": _schema(nested[1])}
    if nested := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return {"type": "object", "additionalProperties": _schema(nested[1])}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    model = getattr(kserve.models, kind, None) or getattr(kubernetes.client.models, kind, None)
    if model is None:  # a quantity, a port: a number or a text
        return {"x-kubernetes-int-or-string": True}
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    return {"type": "object", "properties": {name: _schema(of) for name, of in types.items()}}
