"""Records: one labelled sample as it enters the versioned data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matops.core.data.target import Target
from matops.core.errors import BadInput

Payload = Mapping[str, Any]
"""A sample in a form that can be written as JSON: what a request carries too."""


@dataclass(frozen=True)
class Provenance:
    """Where a record comes from.

    Attributes:
        source: kind of source, as in ``simulation`` or ``cif-directory``.
        origin: file and record inside it, or the simulated sample's name.
        engine: program that made the label, with version; ``unknown`` for files that don't say.
        method: potential or functional, as in ``Foiles-Baskes-Daw u3``.
        date: ISO date on which the label was made or read.
        licence: licence of the label; ``unstated`` for files that don't say.
    """

    source: str
    origin: str
    engine: str = "unknown"
    method: str = "unknown"
    date: str = ""
    licence: str = "unstated"


@dataclass(frozen=True)
class Record:
    """One labelled sample.

    Attributes:
        id: content hash; two records with the same id say the same thing.
        group: what must never be split between training and test, as in a reduced formula.
        payload: the sample, as JSON.
        targets: value by target name, in the targets' units.
        provenance: where it comes from.
    """

    id: str
    group: str
    payload: Payload
    targets: Mapping[str, float]
    provenance: Provenance


@dataclass(frozen=True)
class Quarantined:
    """A record that was refused: which one, and why. Nothing refused is ever lost."""

    origin: str
    reason: str


def make_record(
    group: str,
    payload: Payload,
    values: Mapping[str, float],
    targets: tuple[Target, ...],
    provenance: Provenance,
) -> Record:
    """A validated record.

    The id covers sample, labels, engine and method, and leaves out date and origin: the same
    calculation read twice, or from two files, is one record.

    Raises:
        BadInput: a target is missing, or its value is not finite or not physical.
    """
    kept: dict[str, float] = {}
    for target in targets:
        if target.name not in values:
            raise BadInput(f"{provenance.origin}: no value for {target.name}")
        value = float(values[target.name])
        if not target.is_physical(np.float64(value)):
            raise BadInput(
                f"{provenance.origin}: {target.name} = {value:g} {target.unit} is not physical: "
                f"it must lie between {target.lower} and {target.upper} {target.unit}"
            )
        kept[target.name] = value
    said = {
        "payload": payload,
        "targets": kept,
        "engine": provenance.engine,
        "method": provenance.method,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    identity = hashlib.sha256(text.encode()).hexdigest()[:20]
    return Record(identity, group, payload, kept, provenance)
