"""Sources of crystals with measured or calculated moduli, in the layouts in which groups keep them.

A single bad record never stops a source: it is yielded as quarantined, with its reason.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from matops.core.data.file_content import open_unpacked, unpacked_name
from matops.core.data.json_rows import JsonTable
from matops.core.data.record import Provenance, Record, make_record, or_quarantined
from matops.core.data.sources import unknown_layout
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.about import ID_PROP, LAYOUTS, TARGETS
from matops.families.elastic_cgcnn.crystals.crystal import MIN_DISTANCE_A, Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.labels import moduli_GPa, table_headings
from matops.families.elastic_cgcnn.files import load_request
from matops.families.elastic_cgcnn.graph.neighbours import nearest_neighbours
from matops.physics.elasticity import is_mechanically_stable, voigt_reuss_hill
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest
from matops.simulators.output.stiffness import STIFFNESS, unless_stated

ID_NAMES = ("material_id", "mp_id", "id", "name")


def labelled_crystal(
    crystal: Crystal, moduli_GPa: Mapping[str, Any], provenance: Provenance
) -> Record:
    """A record of this family; polymorphs of one reduced formula are one group.

    Raises:
        BadInput: atoms overlap, or a modulus is not physical.
    """
    nearest_neighbours([crystal], 1, MIN_DISTANCE_A)
    return make_record(crystal.reduced_formula, crystal.payload(), moduli_GPa, TARGETS, provenance)


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a file or directory in one of the ``LAYOUTS``.

    Raises:
        BadInput: there is no such path, or it is in none of the layouts.
    """
    manifest = find_manifest(source)
    if manifest:
        return read_labelled(manifest, (*columns_of(TARGETS), STIFFNESS), stated, _manifest_record)
    if source.is_dir() and (source / ID_PROP).is_file():
        return _read_cif_directory(source, stated)
    files = sorted(source.glob("*.json*")) if source.is_dir() else [source]
    if source.exists() and files and all(unpacked_name(p).endswith(".json") for p in files):
        return _read_json(files, stated)
    raise unknown_layout(source, LAYOUTS)


def _manifest_record(entry: Entry) -> Record:
    crystal = parse_crystal(load_request(entry.path, entry.species))
    return labelled_crystal(crystal, _moduli_GPa(entry), entry.provenance)


def _moduli_GPa(entry: Entry) -> Mapping[str, Any]:
    """Stated moduli, or else those of the stiffness after Voigt, Reuss and Hill."""
    stiffness_GPa = unless_stated(entry, TARGETS)
    if stiffness_GPa is None:
        return entry.values
    try:
        if not is_mechanically_stable(stiffness_GPa):
            raise BadInput("mechanically unstable: the stiffness is not positive definite")
        moduli = voigt_reuss_hill(stiffness_GPa)
    except ValueError as error:
        raise BadInput(f"C: {error}") from None
    return {"K_VRH": moduli.K_VRH_GPa, "G_VRH": moduli.G_VRH_GPa}


def _read_cif_directory(directory: Path, stated: Provenance) -> Incoming:
    table = directory / ID_PROP
    try:
        with open_unpacked(table) as file:
            text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
            rows = [row for row in csv.reader(text) if row]
    except csv.Error as error:
        raise BadInput(f"{table}: not readable as CSV: {error}") from None
    headings, taken = table_headings(rows, str(table))
    for number, row in enumerate(rows[taken:], start=1):
        origin = f"{directory / row[0].strip()}.cif"
        record = partial(_cif_record, directory, row, headings, replace(stated, origin=origin))
        yield or_quarantined(origin, record, f" ({ID_PROP}, record {number})")


def _cif_record(directory: Path, row: list[str], headings: list[str], stated: Provenance) -> Record:
    if len(row) != len(headings):
        raise BadInput(
            f"{len(row)} fields in {len(headings)} columns; decimals take a point: {','.join(row)}"
        )
    moduli = moduli_GPa(dict(zip(headings, row, strict=True)))
    path = directory / f"{row[0].strip()}.cif"
    try:
        if path.resolve().parent != directory.resolve() or not path.is_file():
            raise BadInput("no such file")
        crystal = parse_crystal(load_request(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"not a readable file: {error}") from None
    return labelled_crystal(crystal, moduli, replace(stated, source="cif-directory"))


def _read_json(files: list[Path], stated: Provenance) -> Incoming:
    tables = [JsonTable(path) for path in files]
    for table in tables:
        table.check()
    rows = tables[0].rows() if len(tables) == 1 else _joined(tables)
    for number, (index, row) in enumerate(rows):
        name = index or next((str(row[key]) for key in ID_NAMES if key in row), "")
        origin = f"{files[0].parent if len(files) > 1 else files[0]}: {name or f'record {number}'}"
        provenance = replace(stated, origin=origin, source="json")
        yield or_quarantined(origin, partial(_json_record, row, provenance))


def _joined(tables: list[JsonTable]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of several tables that hold the same structure, merged into one row each.

    A structure that one table holds twice is merged with its first and second twin in the others.
    The tables are read twice, so that no structure is held.
    """
    labels: dict[tuple[bytes, int], dict[str, Any]] = {}
    for key, _, row in _by_structure(tables):
        row.pop("structure", None)
        labels.setdefault(key, {}).update(row)
    for key, name, row in _by_structure(tables):
        merged = labels.pop(key, None)
        if merged is not None:
            yield name, row | merged


def _by_structure(
    tables: list[JsonTable],
) -> Iterator[tuple[tuple[bytes, int], str, dict[str, Any]]]:
    """Every row behind its structure's hash and the number of the twin that it is."""
    for table in tables:
        seen: Counter[bytes] = Counter()
        for name, row in table.rows():
            structure = json.dumps(row.get("structure"), sort_keys=True)
            digest = hashlib.sha256(structure.encode()).digest()[:16]
            yield (digest, seen[digest]), name, row
            seen[digest] += 1


def _json_record(row: Mapping[str, Any], provenance: Provenance) -> Record:
    state = row.get("state", "successful")
    if state != "successful":
        raise BadInput(f"the calculation's state is {state!r}, not 'successful'")
    moduli = moduli_GPa(row)
    if "structure" in row:
        payload: dict[str, Any] = {"structure": row["structure"]}
    else:
        payload = {"crystal": {**row, "lattice_A": row.get("lattice")}}
    return labelled_crystal(parse_crystal(payload), moduli, provenance)
