"""A family's configuration from a preset and a few changed fields."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.families import get_family

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


def parse_changes(pairs: list[str]) -> dict[str, Any]:
    """Changes from ``name=value`` texts; a value is JSON, or else text."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"{pair!r} is not of the form name=value")
        try:
            changes[path] = json.loads(text)
        except ValueError:
            changes[path] = text
    return changes


def family_config(name: str, preset: str, changes: str) -> "tuple[Family, FamilyConfig]":
    """A family and its configuration, from a preset and a JSON object of changes."""
    family = get_family(name)
    return family, resolve_config(family, preset, read_changes(changes))


def read_changes(text: str, name: str = "changes") -> dict[str, Any]:
    """Changes from a JSON object; BadInput, which says ``name``, where the text is none."""
    try:
        parsed = json.loads(text)
    except ValueError:
        raise BadInput(f"{name} are not JSON: {text!r}") from None
    if not isinstance(parsed, dict):
        raise BadInput(f"{name} are not a JSON object: {text!r}")
    return parsed
