"""Records: one labelled sample as it enters the versioned data."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.data.value import Value, is_made_of_numbers, plain_number
from matops.core.errors import BadInput

Payload = Mapping[str, Any]
"""A sample in a form that can be written as JSON: what a request carries too."""


@dataclass(frozen=True)
class Provenance:
    """Where a record comes from."""

    source: str  # kind of source, as in ``simulation`` or ``cif-directory``
    origin: str  # file and record inside it, or the simulated sample's name
    # program that made the label, with version; ``unknown`` for files that don't say
    engine: str = "unknown"
    method: str = "unknown"  # potential or functional, as in ``Foiles-Baskes-Daw u3``
    date: str = ""  # ISO date on which the label was made or read
    licence: str = "unstated"  # licence of the label; ``unstated`` for files that don't say


@dataclass(frozen=True)
class Record:
    """One labelled sample."""

    id: str  # content hash; two records with the same id say the same thing
    group: str  # what must never be split between training and test, as in a reduced formula
    payload: Payload  # the sample, as JSON
    # value by target name, in the targets' units; nested lists where it is an array
    targets: Mapping[str, Value]
    provenance: Provenance  # where it comes from


@dataclass(frozen=True)
class Quarantined:
    """A record that was refused: which one, and why. Nothing refused is ever lost."""

    origin: str
    reason: str


def or_quarantined(
    origin: str, record: Callable[[], Record], place: str = ""
) -> Record | Quarantined:
    """The record, or its refusal: one bad record stops no source.

    ``place`` says where it stands, where the origin doesn't.
    """
    try:
        return record()
    except BadInput as error:
        return Quarantined(origin, str(error).removeprefix(f"{origin}: ") + place)


def make_record(
    group: str,
    payload: Payload,
    values: Mapping[str, Any],
    targets: tuple[Target, ...],
    provenance: Provenance,
    rows: Mapping[str, int] | None = None,
) -> Record:
    """A validated record.

    The id covers sample, labels, engine and method, and leaves out date and origin: the same
    calculation read twice, or from two files, is one record. ``rows`` are those of the sample by
    axis, as its atoms, for targets with a row for each.

    Raises:
        BadInput: a target is missing, of another shape, or it is not finite or not physical.
    """
    kept: dict[str, Value] = {}
    for target in targets:
        if target.name not in values:
            raise BadInput(f"{provenance.origin}: no value for {target.name}")
        try:
            value = _shaped(values[target.name], target, (rows or {}).get(target.axis))
        except BadInput as error:
            raise BadInput(f"{provenance.origin}: {target.name} {error}") from None
        physical = target.is_physical(value)
        if not physical.all():
            wrong = float(value[~physical][0])
            raise BadInput(
                f"{provenance.origin}: {target.name} = {wrong:g} {target.unit} is not physical: "
                f"it must lie between {target.lower} and {target.upper} {target.unit}"
            )
        kept[target.name] = value.tolist()
    identifying = {
        "payload": payload,
        "targets": kept,
        "engine": provenance.engine,
        "method": provenance.method,
    }
    text = json.dumps(identifying, sort_keys=True, separators=(",", ":"))
    if not _is_text([identifying, group, vars(provenance)]):
        raise BadInput(f"{provenance.origin}: holds text that is not Unicode")
    identity = hashlib.sha256(text.encode()).hexdigest()[:20]
    return Record(identity, group, payload, kept, provenance)


def _is_text(content: Any) -> bool:
    """Whether all its text can be written: JSON can escape halves of characters."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _shaped(value: Any, target: Target, rows: int | None) -> NDArray[np.float64]:
    """A label as an array of its target's shape, with as many rows as the sample has."""
    if isinstance(value, str) and target.is_scalar:
        value = plain_number(value)
    if not is_made_of_numbers(value):
        raise BadInput("is not made of numbers: true, false or text stands in it")
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise BadInput("is not made of numbers, or of rows of different lengths") from None
    ragged = target.axis != SAMPLE_AXIS
    if array.ndim != ragged + len(target.shape) or array.shape[ragged:] != target.shape:
        shape = " × ".join(map(str, array.shape))
        raise BadInput(f"is {shape or 'a number'}, not {target.form or 'a number'}")
    if ragged and rows is not None and len(array) != rows:
        raise BadInput(f"has {len(array)} rows, but the sample has {rows} {target.axis}s")
    return array
