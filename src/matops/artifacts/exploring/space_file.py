"""A space of a search as people write it: JSON, TOML or YAML."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matops.artifacts.configuration import resolve_config
from matops.artifacts.jsonfile import from_json
from matops.artifacts.preset_file import read_table
from matops.core.errors import BadInput
from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.family import Family


@dataclass(frozen=True)
class _Head:
    """What a file of a space says beside its fields."""

    name: str
    source: str = ""
    preset: str = "full"
    changes: Mapping[str, Any] = field(default_factory=dict)
    grid: bool = False


def read_space(path: Path) -> SearchSpace:
    """A space from a file: ``fields``, and where wanted ``preset``, ``changes``, ``grid``.

    Raises:
        BadInput: it can't be read, or a field of it makes no sense; the message names the field.
    """
    table = {"name": path.stem, **read_table(path)}
    entries = table.pop("fields", None)
    if not isinstance(entries, dict):
        raise BadInput(f"{path}: has no table fields, as in fields.'training.learning_rate'")
    fields = {name: _field(entry, f"{path}: {name}") for name, entry in entries.items()}
    head = from_json(json.dumps(table).encode(), _Head, str(path))
    try:
        return SearchSpace(fields=fields, **vars(head))
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from None


def _field(entry: Any, where: str) -> Range | Options:
    stated = set(entry) if isinstance(entry, dict) else set()
    if not ({"values"} <= stated or {"low", "high"} <= stated):
        raise BadInput(f"{where}: has neither low and high nor values")
    kind: type[Range] | type[Options] = Options if "values" in entry else Range
    return from_json(json.dumps(entry).encode(), kind, where)


def check_space(family: Family, space: SearchSpace, preset: str, where: str) -> None:
    """Refuse a space of which a value does not fit the family's configuration.

    Raises:
        BadInput: a field that there is not, or a value that doesn't fit, the rest being the
            preset's; the message names both.
    """
    resolve_config(family, preset, space.changes)
    for path, of in space.fields.items():
        for value in of.ends:
            try:
                resolve_config(family, preset, {**space.changes, path: value})
            except BadInput as refusal:
                raise BadInput(f"{where}: {path} = {json.dumps(value)}: {refusal}") from None
