"""A manifest takes what a family's targets name, in any unit of their dimension."""

from __future__ import annotations

from pathlib import Path

import pytest

from matops.core.data.record import Provenance, Quarantined, Record, make_record
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import checked_rows, columns_of

TARGETS = (
    Target("tortuosity", "1", "of the pores"),
    Target("D_eff", "m^2/s", "effective diffusivity"),
    Target("energy", "eV", "of the cell"),
    Target("surface_energy", "J/m^2", "of the facet"),
    Target("force", "eV/Å", "on the atom"),
)
UNITS = {"tortuosity": "1", "D_eff": "cm^2/s", "energy": "meV", "surface_energy": "meV/Å²"}
UNITS |= {"force": "eV/A"}


def label(entry: Entry) -> Record:
    payload = {"text": entry.path.read_text()}
    return make_record("group", payload, entry.values, TARGETS, entry.provenance)


def read(directory: Path, units: dict[str, str], cells: str) -> list[Record | Quarantined]:
    heading = ",".join(f"{name} [{unit}]" for name, unit in units.items())
    (directory / "pores.txt").write_text("pores")
    (directory / "manifest.csv").write_text(
        f"file,engine,method,{heading}\npores.txt,taufactor,FEM,{cells}\n"
    )
    manifest = directory / "manifest.csv"
    return list(read_labelled(manifest, columns_of(TARGETS), Provenance("", ""), label))


def test_each_target_is_taken_in_its_own_unit(tmp_path: Path) -> None:
    [record] = read(tmp_path, UNITS, "1.7,2.5e-5,-340,62.4,0.3")
    assert isinstance(record, Record)
    assert record.targets == {
        "tortuosity": 1.7,
        "D_eff": pytest.approx(2.5e-9, rel=1e-15),
        "energy": pytest.approx(-0.34, rel=1e-15),
        "surface_energy": pytest.approx(62.4e-3 * 16.02176634, rel=1e-12),
        "force": 0.3,
    }


@pytest.mark.parametrize(
    ("name", "unit", "reason"),
    [
        ("tortuosity", "GPa", "is no unit of a pure number as 1 is, but one of stress; "),
        ("D_eff", "m", "is no unit of diffusivity as m^2/s is, but one of length; "),
        ("energy", "eV/A", "is no unit of energy as eV is, but one of force; "),
        ("energy", "eV/atom", "is no unit of energy as eV is, but one of energy per atom; "),
        ("surface_energy", "J", "is no unit of surface energy as J/m^2 is, but one of energy; "),
        ("force", "eV", "is no unit of force as eV/Å is, but one of energy; "),
        ("force", "dyn", "is no unit of force as eV/Å is; "),
    ],
)
def test_a_unit_of_another_dimension_is_one_line_with_file_column_and_both_units(
    tmp_path: Path, name: str, unit: str, reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, UNITS | {name: unit}, "1,1,1,1,1")
    said = f"{tmp_path / 'manifest.csv'}: column {name} [{unit}]: {unit!r} {reason}known are "
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


def test_a_column_without_unit_is_told_how_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,D_eff\npores.txt,1\n")
    manifest = tmp_path / "manifest.csv"
    with pytest.raises(BadInput, match=r"D_eff has no unit; write it as D_eff \[m\^2/s\]$"):
        list(read_labelled(manifest, columns_of(TARGETS), Provenance("", ""), label))


def test_elasticity_is_no_matter_of_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unknown column 'C \[GPa\]'"):
        read(tmp_path, UNITS | {"C": "GPa"}, "1,1,1,1,1,3")


def test_a_cell_that_is_no_number_costs_its_row_only(tmp_path: Path) -> None:
    [refused] = read(tmp_path, UNITS, "1.7,much,-340,1,0")
    assert isinstance(refused, Quarantined)
    assert refused.reason == "D_eff [cm^2/s]: 'much' is not a number (manifest.csv, record 1)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.csv", "file,file\na.cif,b.cif\n"),
        ("manifest.json", '[{"file": "a.cif", "file": "b.cif"}]'),
    ],
)
def test_what_stands_twice_is_refused_and_the_last_not_taken(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=rf"{name}: the (column|key) 'file' stands twice"):
        checked_rows(tmp_path / name, ())
