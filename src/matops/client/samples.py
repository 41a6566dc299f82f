"""Samples in the forms in which programs have them, as payloads of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import TypeAdapter, ValidationError

from matops.client.errors import NoAnswer
from matops.core.data.file_content import LARGEST_FILE_BYTES
from matops.core.data.payloads import PayloadForm, read_payloads
from matops.core.errors import BadInput

FORMS = TypeAdapter(tuple[PayloadForm, ...])


@runtime_checkable
class Structure(Protocol):
    """What a pymatgen structure can do, and all that is asked of it."""

    def as_dict(self) -> dict[str, Any]:
        """The structure as JSON."""


@runtime_checkable
class Atoms(Protocol):
    """What ASE's atoms can do, and all that is asked of them."""

    cell: Any

    def get_chemical_symbols(self) -> list[str]:
        """A symbol for each atom."""

    def get_scaled_positions(self, wrap: bool = True) -> Any:
        """Fractional coordinates, shape (n, 3)."""


Payload = Mapping[str, Any]

Sample = Payload | Structure | Atoms | Path | str
"""A payload, a pymatgen structure, ASE's atoms, or a file by its path."""


@dataclass(frozen=True)
class Accepted:
    """What a model takes."""

    forms: tuple[PayloadForm, ...]  # of payloads
    most_bytes: int = LARGEST_FILE_BYTES  # of a file


def accepted_by(url: str, metadata: Mapping[str, Any]) -> Accepted:
    """What the model of a server takes, as its metadata say.

    Raises:
        NoAnswer: they say nothing of it.
    """
    limits = metadata.get("limits")
    most = limits.get("body_bytes") if isinstance(limits, dict) else None
    try:
        forms = FORMS.validate_python(metadata.get("payload_forms"))
    except ValidationError:
        raise NoAnswer(url, "the metadata don't say what the model takes") from None
    return Accepted(forms, most if isinstance(most, int) else LARGEST_FILE_BYTES)


def needs_forms(sample: Sample) -> bool:
    """Whether it takes the model's forms to make a payload of a sample."""
    return not isinstance(sample, Mapping)


def to_payloads(sample: Sample, accepted: Accepted) -> list[Payload]:
    """The payloads of a sample: one, or as many as its file has.

    Raises:
        BadInput: a file that can't be read or that no form names, or something that is no sample.
    """
    if isinstance(sample, Mapping):
        return [sample]
    if isinstance(sample, str | Path):
        return read_payloads(Path(sample), accepted.forms, accepted.most_bytes)
    if isinstance(sample, Atoms):
        return [_in_structure_form(_structure_of(sample), accepted.forms)]
    if isinstance(sample, Structure):
        return [_in_structure_form(sample.as_dict(), accepted.forms)]
    raise BadInput(f"a {type(sample).__name__} is no sample")


def _in_structure_form(structure: dict[str, Any], forms: Sequence[PayloadForm]) -> Payload:
    form = next((form for form in forms if form.is_structure), None)
    if form is None:
        raise BadInput(f"the model takes no structures; it takes {', '.join(f.key for f in forms)}")
    return {form.key: structure}


def _structure_of(atoms: Atoms) -> dict[str, Any]:
    """The atoms as pymatgen would write them."""
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": [float(x) for x in abc]}
        for symbol, abc in zip(
            atoms.get_chemical_symbols(), atoms.get_scaled_positions(wrap=False), strict=True
        )
    ]
    matrix = [[float(x) for x in edge] for edge in atoms.cell]
    return {"lattice": {"matrix": matrix}, "sites": sites}
