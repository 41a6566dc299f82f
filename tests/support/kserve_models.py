"""The models of objects that KServe and Kubernetes publish, to check against."""

from __future__ import annotations

import re
from typing import Any

import kserve.models
import kubernetes.client.models


def check_model(kind: str, value: Any, where: str) -> None:
    """Raise for fields that a published model does not have, or has in another type."""
    if kind == "object":  # a number or a text, as a port is
        assert isinstance(value, int | str), f"{where}: neither a number nor a text"
    elif nested := re.fullmatch(r"list\[(.+)\]", kind):
        assert isinstance(value, list), f"{where}: not a list"
        for number, item in enumerate(value):
            check_model(nested[1], item, f"{where}[{number}]")
    elif nested := re.fullmatch(r"dict\(str, (.+)\)", kind):
        assert isinstance(value, dict), f"{where}: not an object"
        for name, item in value.items():
            check_model(nested[1], item, f"{where}.{name}")
    # A KnativeURL is written as text, whatever its published fields are.
    elif plain := {"str": str, "int": int, "bool": bool, "KnativeURL": str}.get(kind):
        assert type(value) is plain, f"{where}: not of type {kind}"
    else:
        _check_fields(kind, value, where)


def _check_fields(kind: str, value: Any, where: str) -> None:
    model = getattr(kserve.models, kind, None) or getattr(kubernetes.client.models, kind)
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    for name, item in value.items():
        assert name in types, f"{where}: strict decoding error: unknown field {name!r}"
        check_model(types[name], item, f"{where}.{name}")
