"""Arrays of a manifest: read from files beside it, in any unit, or refused in a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.core.data.record import Provenance, Quarantined, Record, make_record
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_array import MOST_BYTES
from matops.simulators.output.manifest_table import columns_of
from tests.support.trapped_atoms import DIPOLE, FORCES

TARGETS = (DIPOLE, FORCES)
FORCES_MEV = np.array([[1.0, 2.0, 3.0], [-4.0, 0.0, 5.0]])


def label(entry: Entry) -> Record:
    return make_record("g", {}, entry.values, TARGETS, entry.provenance, {"atom": 2})


def read(directory: Path, forces: str, dipole: str = "dipole.csv") -> Record | Quarantined:
    """The one row of a manifest with these cells; the forces are in meV/Å."""
    (directory / "atoms.xyz").write_text("")
    (directory / "dipole.csv").write_text("0.5,1.5,-2.5\n")
    (directory / "manifest.csv").write_text(
        f"file,engine,method,dipole [e*A],forces [meV/A]\natoms.xyz,LAMMPS,EAM,{dipole},{forces}\n"
    )
    manifest = directory / "manifest.csv"
    [found] = read_labelled(manifest, columns_of(TARGETS), Provenance("", ""), label)
    return found


@pytest.mark.parametrize("name", ["f.npy", "f.csv"])
def test_arrays_are_read_from_files_beside_the_manifest_and_converted(
    tmp_path: Path, name: str
) -> None:
    if name.endswith(".npy"):
        np.save(tmp_path / name, FORCES_MEV)
    else:
        np.savetxt(tmp_path / name, FORCES_MEV, delimiter=",")
    found = read(tmp_path, name)
    assert isinstance(found, Record)
    np.testing.assert_allclose(found.targets["forces"], FORCES_MEV / 1000)
    assert found.targets["dipole"] == [0.5, 1.5, -2.5]


def objects(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def claims_much(path: Path) -> None:
    np.save(path, FORCES_MEV)
    path.write_bytes(path.read_bytes().replace(b"(2, 3)", b"(9999999999, 3)"))


def is_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)


@pytest.mark.parametrize(
    ("write", "name", "reason"),
    [
        (objects, "f.npy", "f.npy can't be read as an array"),
        (claims_much, "f.npy", "f.npy can't be read as an array"),
        (is_huge, "f.npy", "f.npy is larger than 64 MiB"),
        (lambda path: path.write_text("1,x,3"), "f.csv", "f.csv can't be read as an array"),
        (lambda path: path.write_text("1,2,3"), "f.txt", "f.txt is neither .npy nor .csv"),
        (lambda path: path.write_text("1,2,3"), "f.csv", "forces has 1 rows, .* 2 atoms"),
        (lambda path: path.write_text("1,2\n3,4"), "f.csv", "forces is 2 × 2, not atoms × 3"),
        (lambda path: np.save(path, np.array(["a", "b"])), "f.npy", "no array of numbers"),
        (lambda path: None, "f.npy", "no such file: f.npy"),
        (lambda path: None, "../f.npy", "lies outside"),
    ],
)
def test_what_is_no_array_is_refused_in_a_line(
    tmp_path: Path, write: Any, name: str, reason: str
) -> None:
    if "/" not in name:
        write(tmp_path / name)
    found = read(tmp_path, name)
    assert isinstance(found, Quarantined)
    assert "\n" not in found.reason
    assert re.search(reason, found.reason), found.reason


def test_json_may_have_the_lists_themselves(tmp_path: Path) -> None:
    (tmp_path / "atoms.xyz").write_text("")
    row = '{"file": "atoms.xyz", "engine": "a", "method": "b", "dipole [e*A]": [1, 2, 3], '
    (tmp_path / "manifest.json").write_text(f'[{row}"forces [eV/A]": [[0, 0, 1], [0, 2, 0]]}}]')
    manifest = tmp_path / "manifest.json"
    [found] = read_labelled(manifest, columns_of(TARGETS), Provenance("", ""), label)
    assert isinstance(found, Record)
    assert found.targets["forces"] == [[0, 0, 1], [0, 2, 0]]
