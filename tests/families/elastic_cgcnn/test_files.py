"""Files that hold one crystal."""

import json
from pathlib import Path
from typing import Any

import pytest

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.files import load_request, write_example

POSCAR = "NaCl\n1.0\n0 2.82 2.82\n2.82 0 2.82\n2.82 2.82 0\nNa Cl\n1 1\nDirect\n0 0 0\n.5 .5 .5\n"


def test_example_is_ordered_copper_gold(tmp_path: Path) -> None:
    crystal = parse_crystal(load_request(write_example(tmp_path)))
    assert crystal.reduced_formula == "Cu3Au"
    assert len(crystal.numbers) == 4


@pytest.mark.parametrize("name", ["POSCAR", "CONTCAR.relaxed", "salt.vasp", "salt.POSCAR"])
def test_poscar_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(POSCAR)
    assert parse_crystal(load_request(tmp_path / name)).reduced_formula == "NaCl"


def test_json_is_a_payload_or_a_structure(tmp_path: Path, rock_salt: Crystal) -> None:
    site = {"abc": [0, 0, 0], "species": [{"element": "Na", "occu": 1}]}
    structure: dict[str, Any] = {"lattice": {"matrix": [[3, 0, 0], [0, 3, 0], [0, 0, 3]]}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(structure | {"sites": [site]}))
    assert parse_crystal(load_request(path)).symbols == ["Na"]
    path.write_text(json.dumps(rock_salt.payload()))
    assert parse_crystal(load_request(path)).symbols == rock_salt.symbols


def test_cif_with_bytes_that_are_no_text_is_still_read(tmp_path: Path) -> None:
    path = write_example(tmp_path)
    path.write_bytes(b"# \xe9\xff\n" + path.read_bytes())
    assert from_cif(load_request(path)["cif"]).reduced_formula == "Cu3Au"


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.txt", "Au"), ("x.json", "{"), ("x.json", "[1]"), ("x.json", "[" * 100_000), ("cif", "")],
)
def test_file_of_no_known_kind_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=name):
        load_request(tmp_path / name)


def test_missing_file_and_directory_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "folder.cif").mkdir()
    for name in ("missing.cif", "folder.cif"):
        with pytest.raises(BadInput, match=name):
            load_request(tmp_path / name)
