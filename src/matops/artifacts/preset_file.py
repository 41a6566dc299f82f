"""A preset with changed fields, in a file that people read and write: JSON, TOML or YAML.

It is read before anything heavy is imported, so that a name that is wrong is told at once.
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.jsonfile import from_json
from matops.core.data.file_content import read_bytes
from matops.core.errors import BadInput


@dataclass(frozen=True)
class PresetFile:
    """A configuration as a preset with changed fields, in a file of its own."""

    family: str
    preset: str  # the family's own, which is changed
    changes: Mapping[str, Any]  # by dotted name
    note: str = ""  # where it comes from


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(error) from None


READERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}


def names_a_file(text: str) -> bool:
    """Whether a text names such a file, and not a preset or a space."""
    return Path(text).suffix in READERS


def read_table(path: Path) -> dict[str, Any]:
    """The table that a file holds.

    Raises:
        BadInput: it can't be read, or holds none.
    """
    text = read_bytes(path).decode("utf-8", "replace")
    try:
        table = READERS[path.suffix](text)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{path}: not {path.suffix[1:].upper()}: {reason}") from None
    if not isinstance(table, dict):
        raise BadInput(f"{path}: holds no table of names and values")
    return table


def read_preset_file(path: Path, family: str) -> PresetFile:
    """A configuration that ``matops tune`` or somebody wrote.

    Raises:
        BadInput: it can't be read, or is of another family.
    """
    preset = from_json(json.dumps(read_table(path)).encode(), PresetFile, str(path))
    if preset.family != family:
        raise BadInput(f"{path}: a preset of {preset.family}, not of {family}")
    return preset
