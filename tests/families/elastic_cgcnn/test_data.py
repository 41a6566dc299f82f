"""Sources in every layout: what is good goes through, what is bad is named with its reason."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.data import read_source
from matops.families.elastic_cgcnn.sources.record import labelled_crystal
from tests.support.cells import OCCUPIED, cubic_cell

STATED = Provenance(
    source="", origin="", engine="VASP 6.4", method="PBE", date="2020-01-02", licence="CC-BY-4.0"
)
FACE_CENTRED = "_space_group_name_H-M_alt 'F m -3 m'\n"
CIF = f"{cubic_cell(4.0)}{FACE_CENTRED}{OCCUPIED}A1 Au 0 0 0 1.0\n"


def structure(symbol: str = "Au", a_A: float = 4.0) -> dict[str, Any]:
    """A simple cubic crystal as pymatgen writes it."""
    site = {"abc": [0, 0, 0], "species": [{"element": symbol, "occu": 1}]}
    return {"lattice": {"matrix": (np.eye(3) * a_A).tolist()}, "sites": [site]}


def row(**changes: Any) -> dict[str, Any]:
    return {"structure": structure(), "K_VRH": 173.0, "G_VRH": 27.0, "id": "mp-81"} | changes


def sorted_out(incoming: Incoming) -> tuple[list[Record], list[Quarantined]]:
    items = list(incoming)
    good = [item for item in items if isinstance(item, Record)]
    return good, [item for item in items if isinstance(item, Quarantined)]


def read(source: Path) -> tuple[list[Record], list[Quarantined]]:
    return sorted_out(read_source(source, STATED))


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def cif_directory(directory: Path, table: str | bytes, **cifs: str) -> Path:
    for name, text in ({"gold": CIF} | cifs).items():
        (directory / f"{name}.cif").write_text(text)
    data = table if isinstance(table, bytes) else table.encode()
    (directory / "id_prop.csv").write_bytes(data)
    return directory


def refusal(source: Path) -> str:
    """Message of a source that can't be read as a whole."""
    with pytest.raises(BadInput) as caught:
        list(read_source(source, STATED))
    message = str(caught.value)
    assert str(source) in message
    assert len(message.splitlines()) == 1
    return message


def assert_gold(record: Record, source: str) -> None:
    assert record.group == "Au"
    assert record.targets == {"K_VRH": pytest.approx(173.0), "G_VRH": pytest.approx(27.0)}
    assert set(parse_crystal(record.payload).symbols) == {"Au"}
    assert record.provenance.source == source
    assert record.provenance.origin
    for name in ("engine", "method", "date", "licence"):
        assert getattr(record.provenance, name) == getattr(STATED, name)


@pytest.mark.parametrize(
    "table",
    [
        "gold,173,27\n",
        "id,K_VRH,G_VRH\ngold,173,27\n",
        "id, G_VRH, K_VRH\n gold , 27, 173\n",
        "id,name,bulk_modulus_vrh,shear_modulus_vrh\ngold,x,173,27\n",
        "id,K_VRH_GPa,G_VRH_GPa\r\n\r\ngold,173,27\r\n",
        "\ufeffgold,173,27\n",
    ],
    ids=["bare", "header", "other order", "other names", "blank line", "byte order mark"],
)
def test_cif_directory_is_read_with_and_without_header(tmp_path: Path, table: str) -> None:
    good, bad = read(cif_directory(tmp_path, table))
    assert not bad
    assert len(good) == 1
    assert_gold(good[0], "cif-directory")
    assert good[0].provenance.origin.endswith("gold.cif")
    assert len(parse_crystal(good[0].payload).numbers) == 4


def test_cif_of_the_directory_may_be_packed(tmp_path: Path) -> None:
    cif_directory(tmp_path, "gold,173,27\n")
    (tmp_path / "gold.cif.gz").write_bytes(gzip.compress((tmp_path / "gold.cif").read_bytes()))
    (tmp_path / "gold.cif").unlink()
    good, bad = read(tmp_path)
    assert not bad
    assert_gold(good[0], "cif-directory")


@pytest.mark.parametrize("name", ["data.json", "data.json.gz"])
def test_list_of_records_is_read_plain_and_compressed(tmp_path: Path, name: str) -> None:
    good, bad = read(written(tmp_path / name, [row()]))
    assert not bad
    assert_gold(good[0], "json")
    assert good[0].provenance.origin.endswith("mp-81")


def test_record_with_lattice_species_and_coordinates_is_read(tmp_path: Path) -> None:
    own = {"lattice": (np.eye(3) * 4).tolist(), "species": ["Au"], "frac_coords": [[0, 0, 0]]}
    good, _ = read(written(tmp_path / "x.json", [own | {"K_VRH": 173, "G_VRH": 27}]))
    assert_gold(good[0], "json")


def matbench(columns: list[str], *rows: list[Any]) -> dict[str, Any]:
    index = [f"mb-{n}" for n in range(len(rows))]
    return {"index": index, "columns": columns, "data": list(rows)}


LOG_K, LOG_G = float(np.log10(173.0)), float(np.log10(27.0))
BOTH = ["structure", "log10(K_VRH)", "log10(G_VRH)"]


@pytest.mark.parametrize("name", ["elastic.json", "elastic.json.gz"])
def test_matbench_table_with_both_columns_is_read_in_gigapascal(tmp_path: Path, name: str) -> None:
    good, bad = read(written(tmp_path / name, matbench(BOTH, [structure(), LOG_K, LOG_G])))
    assert not bad
    assert_gold(good[0], "json")
    assert good[0].provenance.origin.endswith("mb-0")


def test_two_matbench_files_are_joined_by_structure(tmp_path: Path) -> None:
    """The rows stand in another order in the second file, as nothing promises an order."""
    bulk = matbench(BOTH[:2], [structure("Au"), LOG_K], [structure("Ag"), 2.0])
    shear = matbench([BOTH[0], BOTH[2]], [structure("Ag"), 1.5], [structure("Au"), LOG_G])
    written(tmp_path / "log_gvrh.json.gz", shear)
    written(tmp_path / "log_kvrh.json", bulk)
    good, bad = read(tmp_path)
    assert not bad
    by_group = {record.group: record for record in good}
    assert set(by_group) == {"Ag", "Au"}
    assert_gold(by_group["Au"], "json")
    assert by_group["Ag"].targets["K_VRH"] == pytest.approx(100.0)
    assert by_group["Ag"].targets["G_VRH"] == pytest.approx(10**1.5)


def test_row_that_only_one_of_two_files_has_is_quarantined(tmp_path: Path) -> None:
    both = [structure("Au"), LOG_K], [structure("Ag"), 2.0]
    written(tmp_path / "k.json", matbench(BOTH[:2], *both))
    written(tmp_path / "g.json", matbench([BOTH[0], BOTH[2]], [structure("Au"), LOG_G]))
    good, bad = read(tmp_path)
    assert [record.group for record in good] == ["Au"]
    assert [item.reason[:18] for item in bad] == ["no value for G_VRH"]


def test_physical_and_logarithmic_columns_give_the_same_record(tmp_path: Path) -> None:
    plain, _ = read(written(tmp_path / "a.json", [row(K_VRH=100.0, G_VRH=10.0)]))
    logs = {"structure": structure(), "log10(bulk_modulus_vrh)": 2, "log10(G_VRH_GPa)": 1}
    logged, _ = read(written(tmp_path / "b.json", [logs]))
    assert logged[0].targets == pytest.approx(plain[0].targets)
    assert logged[0].group == plain[0].group


def test_headings_of_logarithms_are_understood_in_tables(tmp_path: Path) -> None:
    good, bad = read(cif_directory(tmp_path, "id,log10(K_VRH),log10(G_VRH)\ngold,2.126,1.43\n"))
    assert not bad
    assert good[0].targets == pytest.approx({"K_VRH": 133.66, "G_VRH": 26.915}, rel=1e-4)


BAD_TABLES = {
    "logarithms, or very soft": ("gold,2.126,1.43\n", "may be GPa or logarithms"),
    "decimal commas": ("gold,133,8,27,1\n", "5 columns without headings"),
    "one heading twice": ("id,K_VRH,K_VRH,G_VRH\ngold,1,2,3\n", "2 columns K_VRH"),
}


@pytest.mark.parametrize(("table", "reason"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_table_that_may_be_read_in_two_ways_is_refused(
    tmp_path: Path, table: str, reason: str
) -> None:
    assert reason in refusal(cif_directory(tmp_path, table))


BAD_ROWS = {
    "missing file": ("nothere,50,20", "no such file"),
    "path out of the directory": ("../outside,50,20", "no such file"),
    "absolute path": ("/outside,50,20", "no such file"),
    "name with a null byte": ("a\0b,50,20", "null byte"),
    "endless name": ("a" * 5000 + ",50,20", "too long"),
    "empty name": (",50,20", "no such file"),
    "missing column": ("gold,50", "2 fields in 3 columns"),
    "no columns": ("gold", "1 fields in 3 columns"),
    "not a number": ("gold,soft,20", "soft"),
    "negative modulus": ("gold,-50,20", "K_VRH = -50 GPa is not physical"),
    "zero modulus": ("gold,50,0", "G_VRH = 0 GPa is not physical"),
    "stiffer than any solid": ("gold,1001,20", "K_VRH = 1001 GPa is not physical"),
    "no number at all": ("gold,nan,20", "K_VRH: 'nan' is not a number"),
    "truth for a number": ("gold,true,20", "K_VRH: 'true' is not a number"),
    "empty cell": ("gold,,20", "K_VRH: the cell is empty"),
    "thousands": ('gold,"1,234",20', "'1,234' may be read in two ways"),
    "decimal comma": ("gold,133,8,27,1", "5 fields in 3 columns; decimals take a point"),
    "digits grouped as Python does": ("gold,1_0,20", "'1_0' is not a number"),
    "partial occupancy": ("partial,50,20", "A1 has partial occupancy 0.7"),
    "unknown element": ("unknown,50,20", "'Qq' is no single element"),
    "no CIF": ("broken,50,20", "not a readable CIF"),
    "overlapping atoms": ("overlap,50,20", "overlap"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_row_is_quarantined_with_its_file_and_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    (tmp_path / "outside.cif").write_text(CIF)
    directory = tmp_path / "data"
    directory.mkdir()
    cif_directory(
        directory,
        f"gold,173,27\n{line}\ngold,174,28\n",
        partial=CIF.replace("0 1.0\n", "0 0.7\n"),
        unknown=CIF.replace(" Au ", " Qq "),
        broken="loop_ loop_",
        overlap=CIF + "B1 Cu 0.01 0 0 1.0\n",
    )
    good, bad = read(directory)
    assert [record.targets["K_VRH"] for record in good] == [173.0, 174.0]
    assert len(bad) == 1
    assert reason in bad[0].reason
    assert "id_prop.csv, record 2" in bad[0].reason
    assert bad[0].origin == f"{directory / line.split(',')[0]}.cif"
    assert len(bad[0].reason.splitlines()) == 1


def test_symbolic_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    (tmp_path / "secret.cif").write_text(CIF)
    (directory / "link.cif").symlink_to(tmp_path / "secret.cif")
    good, bad = read(cif_directory(directory, "link,50,20\n"))
    assert not good
    assert "no such file" in bad[0].reason


BAD_JSON_ROWS = {
    "not a record": (7, "no value for K_VRH"),
    "no modulus": ({"structure": structure(), "K_VRH": 50}, "no value for G_VRH"),
    "text for a number": (row(K_VRH="soft"), "K_VRH: 'soft' is not a number"),
    "truth for a number": (row(K_VRH=True), "K_VRH: true is not a number"),
    "two values": (row(k_vrh=1.73), "K_VRH says 173, but k_vrh says 1.73"),
    "list for a number": (row(K_VRH=[1]), "K_VRH: [1] is not a number"),
    "number beyond all bounds": (row(K_VRH=10**400), "is not a number"),
    "logarithm beyond all bounds": (
        {"structure": structure(), "log10(K_VRH)": 400, "G_VRH": 2},
        "log10(K_VRH): 10 to the power of 400 GPa is no modulus",
    ),
    "negative modulus": (row(G_VRH=-3), "G_VRH = -3 GPa is not physical"),
    "no number": (row(K_VRH=float("nan")), "not a finite number"),
    "failed calculation": (row(state="failed"), "'failed'"),
    "no crystal": ({"K_VRH": 50, "G_VRH": 20}, "crystal record"),
    "structure that is text": (row(structure="Au"), "not a pymatgen structure"),
    "unknown element": (row(structure=structure("Qq")), "unknown element 'Qq'"),
    "element beyond the tables": (row(structure=structure("Og")), "unknown element 'Og'"),
    "overlap with its own image": (row(structure=structure("Au", 0.3)), "Å³"),
}


@pytest.mark.parametrize(("bad_row", "reason"), BAD_JSON_ROWS.values(), ids=BAD_JSON_ROWS)
def test_bad_record_is_quarantined_and_the_others_go_through(
    tmp_path: Path, bad_row: Any, reason: str
) -> None:
    path = written(tmp_path / "x.json", [row(), bad_row, row(K_VRH=174.0)])
    good, bad = read(path)
    assert [record.targets["K_VRH"] for record in good] == [173.0, 174.0]
    assert len(bad) == 1
    assert reason in bad[0].reason
    assert bad[0].origin.startswith(str(path))
    assert str(path) not in bad[0].reason


def test_partially_occupied_structure_is_quarantined(tmp_path: Path) -> None:
    mixed = structure()
    mixed["sites"][0]["species"] = [{"element": s, "occu": 0.5} for s in ("Cu", "Au")]
    good, bad = read(written(tmp_path / "x.json", [row(structure=mixed), row()]))
    assert len(good) == 1
    assert "partial occupancy: Cu 0.5, Au 0.5" in bad[0].reason


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        {"a": 1},
        3,
        matbench(BOTH, [structure(), 2.0, 1.0], [structure(), 2.0]),
        matbench(BOTH, [structure(), 2.0, 1.0]) | {"index": ["a", "b"]},
        matbench(BOTH, [structure(), 2.0, 1.0]) | {"index": 3},
        matbench(BOTH, [structure(), 2.0, 1.0]) | {"columns": [["structure"], "K", "G"]},
    ],
    ids=["cut", "empty", "no text", "deep", "object", "number", "ragged", "index", "3", "columns"],
)
def test_malformed_json_is_refused_as_a_whole(tmp_path: Path, content: Any) -> None:
    refusal(written(tmp_path / "x.json", content))


def test_damaged_compressed_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps([row()]).encode())
    flipped = bytearray(whole)
    flipped[30] ^= 0xFF
    for content in (whole[:40], bytes(flipped), b"no gzip"):
        (tmp_path / "x.json.gz").write_bytes(content)
        refusal(tmp_path / "x.json.gz")


@pytest.mark.parametrize("table", ["", "\n\n", "id,K_VRH\ngold,173\n", "id,stiffness,G_VRH\n"])
def test_table_without_the_columns_is_refused(tmp_path: Path, table: str) -> None:
    assert "no column" in refusal(cif_directory(tmp_path, table))


def test_table_in_another_encoding_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    good, bad = read(cif_directory(tmp_path, "gold,173,27\nb\xe9ryl,1,2\n".encode("latin-1")))
    assert_gold(good[0], "cif-directory")
    assert "no such file" in bad[0].reason


def test_header_alone_holds_nothing(tmp_path: Path) -> None:
    assert read(cif_directory(tmp_path, "id,K_VRH,G_VRH\n")) == ([], [])


def test_unknown_layout_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("K = 173")
    for source in (tmp_path, tmp_path / "notes.txt"):
        assert "id_prop.csv" in refusal(source)
    assert "no such file" in refusal(tmp_path / "nowhere")


def test_polymorphs_are_one_group_and_the_same_label_one_record(
    tmp_path: Path, rock_salt: Crystal
) -> None:
    moduli = {"K_VRH": 25.0, "G_VRH": 15.0}
    here = labelled_crystal(rock_salt, moduli, replace(STATED, origin="here"))
    there = labelled_crystal(rock_salt, moduli, replace(STATED, origin="there", date="2024-05-06"))
    other = labelled_crystal(rock_salt, moduli | {"G_VRH": 15.5}, STATED)
    assert here.id == there.id != other.id
    assert here.group == other.group == "NaCl"
