"""Samples in the forms in which programs have them, as payloads of a request."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from matops.core.errors import BadInput


@runtime_checkable
class Structure(Protocol):
    """What a pymatgen structure can do, and all that is asked of it."""

    def as_dict(self) -> dict[str, Any]:
        """The structure as JSON."""
        ...


Payload = Mapping[str, Any]

Sample = Payload | Structure | Path | str
"""A payload, a pymatgen structure, a file, or the text of a CIF or a POSCAR."""


def to_payload(sample: Sample) -> Payload:
    """The payload of a sample.

    Raises:
        BadInput: a file that can't be read, or something that is no sample.
    """
    if isinstance(sample, Mapping):
        return sample
    if isinstance(sample, Path):
        return _from_file(sample)
    if isinstance(sample, str):
        return {"cif" if _is_cif(sample) else "poscar": sample}
    if isinstance(sample, Structure):
        return {"structure": sample.as_dict()}
    raise BadInput(f"a {type(sample).__name__} is no sample")


def _is_cif(text: str) -> bool:
    return any(line.lstrip().startswith("data_") for line in text.splitlines())


def _from_file(path: Path) -> Payload:
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    if path.suffix.lower() != ".json":
        return to_payload(text)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{path}: neither a pymatgen structure nor a payload")
    return {"structure": content} if {"lattice", "sites"} <= set(content) else content
