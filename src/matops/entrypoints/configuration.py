"""A family's configuration from a preset and a few changed fields."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matops.artifacts.configuration import resolve_config
from matops.artifacts.preset_file import names_a_file, read_preset_file
from matops.core.errors import BadInput
from matops.families import get_family

if TYPE_CHECKING:
    from matops.core.family import Family, FamilyConfig


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


def preset_and_changes(family: str, preset: str, pairs: list[str]) -> tuple[str, dict[str, Any]]:
    """A preset's name and changed fields by dotted name, from ``name=value`` texts.

    The preset may be a file, as ``matops tune`` writes one: its fields are changes too.

    Raises:
        BadInput: the file can't be read, or is of another family.
    """
    changes = parse_changes(pairs)
    if not names_a_file(preset):
        return preset, changes
    kept = read_preset_file(Path(preset), family)
    return kept.preset, {**kept.changes, **changes}


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
