"""Sources of nanoporous structures with measured stiffness."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from matops.core.data.file_content import open_table, unpacked_name
from matops.core.data.record import Provenance, Record, make_record, or_quarantined
from matops.core.data.sources import unknown_layout
from matops.core.data.value import plain_number
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.nanoporous_cnn3d.about import AXES, LAYOUTS, TARGETS
from matops.families.nanoporous_cnn3d.metal.atoms import load_atoms
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import group_of, write_payload
from matops.families.nanoporous_cnn3d.metal.structure import LevelledWaves, NanoporousMetal
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest
from matops.simulators.output.stiffness import STIFFNESS, unless_stated

CELLS = 125
"""Conventional cells along an edge where the table doesn't say the cell's edge.

Source: Zorkaltsev et al., Mater. Des. 260, 114896 (2025).
"""
HKL_SQUARED = 9
"""Waves where the table doesn't say them; same source."""

LARGEST_TABLE_BYTES, LONGEST_HEADING_BYTES = 256 * 2**20, 2**16
"""A structure's rows may stand anywhere, so the whole table is held; its emptiest takes 2 GiB."""

NAMED_IN_FILE = re.compile(r"(?P<name>[a-z]+)_(?P<fraction>0\.\d+)\.csv$")
NAMES = {"silver": "Ag", "gold": "Au", "copper": "Cu", "nickel": "Ni", "palladium": "Pd"} | {
    "platinum": "Pt"
}


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a file or directory in one of the ``LAYOUTS``.

    Raises:
        BadInput: there is no such path, or it is in none of the layouts.
    """
    manifest = find_manifest(source)
    if manifest:
        columns = (*columns_of(TARGETS), STIFFNESS)
        return read_labelled(manifest, columns, stated, _manifest_record)
    return _read_stiffness_table(source, stated)


def _manifest_record(entry: Entry) -> Record:
    sample = load_atoms(entry.path, entry.species)
    stiffness_GPa = unless_stated(entry, TARGETS)
    if stiffness_GPa is None:
        return labelled_metal(sample, entry.values, entry.provenance)
    diagonal_GPa = stiffness_GPa.diagonal()[:3].tolist()
    named_GPa = zip((target.name for target in TARGETS), diagonal_GPa, strict=True)
    return labelled_metal(sample, dict(named_GPa), entry.provenance)


def _read_stiffness_table(source: Path, stated: Provenance) -> Incoming:
    if not source.is_file() or not unpacked_name(source).endswith(".csv"):
        raise unknown_layout(source, LAYOUTS)
    table = _with_defaults(_read_table(source), source)
    stated = replace(stated, source=stated.source or "stiffness-table")
    for number, rows in table.groupby("Number", sort=False, dropna=False):
        origin = f"{source}: structure {number}"
        yield or_quarantined(origin, partial(_record, rows, replace(stated, origin=origin)))


def _read_table(source: Path) -> pd.DataFrame:
    with open_table(source) as file:
        heading = file.readline(LONGEST_HEADING_BYTES)
    if len(heading) == LONGEST_HEADING_BYTES:
        raise BadInput(f"{source}: its first line, the heading, never ends")
    names = Counter(next(csv.reader([heading.decode(errors="replace")]), []))
    twice = [name for name, times in names.items() if times > 1]
    if twice:  # pandas would call the second Cii.1
        raise BadInput(f"{source}: the column {twice[0]!r} stands twice; keep one")
    try:
        with open_table(source, LARGEST_TABLE_BYTES) as file:
            table = pd.read_csv(file, float_precision="round_trip")
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{source}: not readable as CSV: {reason}") from None
    missing = [c for c in ("Number", "Direction", "Phase 1", "Cii") if c not in table.columns]
    if missing:
        raise BadInput(f"{source}: no column {' and no column '.join(missing)}")
    return table


def _with_defaults(table: pd.DataFrame, source: Path) -> pd.DataFrame:
    """The table with metal, level, waves and cell in columns of their own."""
    named = NAMED_IN_FILE.match(unpacked_name(source))
    defaults: dict[str, int | float | str] = {"HKL Squared": HKL_SQUARED}
    if named and named["name"] in NAMES:
        defaults |= {"Metal": NAMES[named["name"]], "Level": float(named["fraction"])}
    missing = [c for c in ("Metal", "Level") if c not in table.columns and c not in defaults]
    if missing:
        raise BadInput(
            f"{source}: no column {' and no column '.join(missing)}, "
            "nor a file name like gold_0.35.csv that says it"
        )
    filled = table.assign(**{c: v for c, v in defaults.items() if c not in table.columns})
    if "Cell (Å)" not in filled.columns:
        edges = {symbol: CELLS * metal.lattice_constant_A for symbol, metal in METALS.items()}
        filled = filled.assign(**{"Cell (Å)": filled["Metal"].map(edges)})
    return filled


def _record(rows: pd.DataFrame, provenance: Provenance) -> Record:
    """The record of one structure from its rows, one a direction."""
    if rows["Number"].isna().any():
        raise BadInput(f"{provenance.origin}: {len(rows)} rows have no Number")
    if len(rows) != 3 or set(rows["Direction"]) != set(AXES):
        raise BadInput(f"{provenance.origin}: directions {', '.join(map(str, rows['Direction']))}")
    phases = _phase_columns(rows)
    described = rows[[*phases, "Metal", "Level", "HKL Squared", "Cell (Å)"]].drop_duplicates()
    if len(described) != 1:
        raise BadInput(f"{provenance.origin}: the rows don't describe one structure")
    sample = _sample(described.iloc[0], phases)
    by_axis = rows.set_index("Direction")["Cii"]
    values = {f"C_{i}{i}": by_axis[axis] for i, axis in enumerate(AXES, start=1)}
    return labelled_metal(sample, values, provenance)


def _phase_columns(rows: pd.DataFrame) -> list[str]:
    """The columns Phase 1, Phase 2, … in the order of their numbers, wherever they stand."""
    numbers = [int(c.split()[1]) for c in rows.columns if re.fullmatch(r"Phase \d+", c)]
    return [f"Phase {number}" for number in sorted(numbers)]


def _sample(row: "pd.Series[float]", phases: list[str]) -> NanoporousMetal:
    try:
        squared = float(row["HKL Squared"])
        if not squared.is_integer():
            raise BadInput(f"HKL Squared {squared:g} is not a whole number")
        waves = LevelledWaves(
            hkl_squared=int(squared),
            solid_fraction=float(row["Level"]),
            phases_rad=tuple(float(row[column]) for column in phases),
        )
        return NanoporousMetal(str(row["Metal"]), float(row["Cell (Å)"]), waves)
    except ValueError as error:
        raise BadInput(f"not a number: {error}") from None


def labelled_metal(
    sample: NanoporousMetal, stiffness_GPa: Mapping[str, Any], provenance: Provenance
) -> Record:
    """A record of this family; one topology at any level and in any metal is one group.

    Raises:
        BadInput: a stiffness is missing or not physical.
    """
    values = {}
    for name, value in stiffness_GPa.items():
        try:
            values[name] = plain_number(value)
        except BadInput as error:
            raise BadInput(f"{provenance.origin}: {name}: {error}") from None
    return make_record(group_of(sample), write_payload(sample), values, TARGETS, provenance)
