"""The manifest beside simulation output: which file has which labels, in which units, from where.

It is ``manifest.csv``, or ``manifest.json`` with a list of objects that have the same fields;
docs/sources.md describes them. Whatever is not in the schema is refused, not guessed.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from matops.core.data.file_content import plain_file
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.log import Run, read_log
from matops.simulators.output.manifest_table import (
    STATED,
    TEXTS,
    Column,
    Row,
    checked_rows,
    read_quantities,
)
from matops.simulators.output.outcar import is_outcar, read_outcar_run


@dataclass(frozen=True, eq=False)
class Entry:
    """One row of a manifest."""

    path: Path  # the file with the atoms
    log: Path | None  # the LAMMPS log of the run, or None
    # chemical symbol of each LAMMPS atom type, where the manifest says them
    species: tuple[str, ...]
    # what the row states, by name, in the units of the family's columns
    values: Mapping[str, FloatArray]
    stated: Provenance  # provenance as the row and the command line state it

    @cached_property
    def run(self) -> Run | None:
        """What the log says, or the file with the atoms, where that is a run's own output.

        Raises:
            BadInput: it is not the output of a finished run.
        """
        if self.log:
            return read_log(self.log)
        return read_outcar_run(self.path) if is_outcar(self.path) else None

    @property
    def provenance(self) -> Provenance:
        """Where the record comes from: the row's word, or else the log's.

        Raises:
            BadInput: nobody says engine or method.
        """
        provenance = self.stated
        for name in ("engine", "method"):
            text = getattr(provenance, name)
            if text == "unknown" and self.run:
                text = getattr(self.run, name) or text
            if text == "unknown":
                raise BadInput(f"nothing says the {name}: no column {name}, log or --{name}")
            provenance = replace(provenance, **{name: text})
        return provenance


def read_labelled(
    manifest: Path, columns: Sequence[Column], stated: Provenance, label: Callable[[Entry], Record]
) -> Iterator[Record | Quarantined]:
    """A record for each row of a manifest; a row that is refused is yielded with its reason.

    ``columns`` is what the family takes from it, ``stated`` holds for rows that don't say
    otherwise.

    Raises:
        BadInput: the manifest as a whole does not fit the schema.
    """
    for number, row in enumerate(checked_rows(manifest, columns), start=1):
        origin = str(manifest.parent / str(row.get("file") or f"record {number}"))
        try:
            yield label(_entry(manifest.parent, row, columns, replace(stated, origin=origin)))
        except BadInput as error:
            reason = str(error).removeprefix(f"{origin}: ")
            yield Quarantined(origin, f"{reason} ({manifest.name}, record {number})")


def _entry(directory: Path, row: Row, columns: Sequence[Column], stated: Provenance) -> Entry:
    texts = {name: _text(row, name) for name in TEXTS}
    given = {name: text for name in STATED if (text := texts[name])}
    path = _inside(directory, texts["file"] or "")
    _check_content(path, texts["sha256"])
    if "date" in given:
        _check_date(given["date"])
    return Entry(
        path=path,
        log=_inside(directory, texts["log"]) if texts["log"] else None,
        species=tuple((texts["species"] or "").split()),
        values=read_quantities(row, columns, partial(_inside, directory)),
        stated=replace(stated, source=stated.source or "manifest", **given),
    )


def _text(row: Row, name: str) -> str:
    content = row.get(name, "")
    if isinstance(content, list) and name == "species":
        content = " ".join(map(str, content))
    if not isinstance(content, str):
        raise BadInput(f"{name} is not text")
    return content


def _inside(directory: Path, name: str) -> Path:
    """A file of the manifest's directory; nothing outside it is read."""
    try:
        path = directory / name
        if not path.resolve().is_relative_to(directory.resolve()):
            raise BadInput(f"{name} lies outside the manifest's directory")
        if not path.is_file():
            raise BadInput(f"no such file: {name or 'none is named'}")
    except (OSError, ValueError) as error:
        raise BadInput(f"not a readable file: {error}") from None
    return path


def _check_content(path: Path, sha256: str) -> None:
    if not sha256:
        return
    with plain_file(path) as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != sha256.lower():
        raise BadInput(f"its sha256 is {actual[:12]}…, not {sha256[:12]}…: damaged or not complete")


def _check_date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"date {text!r} is not of the form 2026-01-31") from None
