"""A family's configuration from a preset and a few changed fields."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput

if TYPE_CHECKING:
    from matops.core.family import Family, FamilyConfig

T = TypeVar("T")


def resolve_config(family: "Family", preset: str, changes: Mapping[str, Any]) -> "FamilyConfig":
    """A preset with changed fields, by dotted name, as in ``{"training.epochs": 10}``.

    Raises:
        BadInput: no such preset or field, or a value that does not fit.
    """
    if preset not in family.presets:
        presets = ", ".join(family.presets)
        raise BadInput(f"{family.name} has no preset {preset!r}; there are: {presets}")
    return change_fields(family.presets[preset], changes, "configuration")


def change_fields(value: T, changes: Mapping[str, Any], name: str) -> T:
    """A dataclass with some fields changed.

    Raises:
        BadInput: no such field, or a value that does not fit; the message says ``name``.
    """
    tree = json.loads(to_json(value))
    for path, field in changes.items():
        _set(tree, path, field, name)
    return from_json(json.dumps(tree).encode(), type(value), name)


def _set(tree: dict[str, Any], path: str, value: Any, name: str) -> None:
    *parents, leaf = path.split(".")
    for parent in parents:
        tree = tree.get(parent, {}) if isinstance(tree, dict) else {}
    if not isinstance(tree, dict) or leaf not in tree:
        raise BadInput(f"the {name} has no field {path!r}")
    if isinstance(tree[leaf], dict):
        raise BadInput(f"{path!r} is a group of fields; change its fields one by one")
    tree[leaf] = value


def field_value(value: object, path: str) -> Any:
    """A field by its dotted name, as JSON has it.

    Raises:
        BadInput: there is none.
    """
    found = json.loads(to_json(value))
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            raise BadInput(f"the configuration has no field {path!r}")
        found = found[name]
    return found
