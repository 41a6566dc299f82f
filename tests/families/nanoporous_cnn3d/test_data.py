from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.data import read_source
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal

STATED = Provenance("", "", engine="LAMMPS", method="EAM")


def table(n: int = 3, waves: int = 30, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(n):
        phases = {f"Phase {i + 1}": p for i, p in enumerate(rng.uniform(0, 6, waves))}
        rows += [
            {"Number": number, "Direction": axis, **phases, "Cii": 10 * number + i + 1.0}
            for i, axis in enumerate("XYZ")
        ]
    return pd.DataFrame(rows).assign(**columns)


def read(frame: pd.DataFrame, path: Path) -> list[Record | Quarantined]:
    frame.to_csv(path, index=False)
    return list(read_source(path, STATED))


@pytest.mark.parametrize("name", ["gold_0.35.csv", "gold_0.35.csv.gz"])
def test_three_rows_become_one_record_with_the_axes_in_order(name: str, tmp_path: Path) -> None:
    frame = table().iloc[::-1]
    records = {r.provenance.origin[-1]: r for r in read(frame, tmp_path / name)}
    assert len(records) == 3
    record = records["2"]
    assert record.targets == {"C_11": 21.0, "C_22": 22.0, "C_33": 23.0}
    assert record.provenance.engine == "LAMMPS"
    sample = parse_metal(record.payload)
    assert (sample.metal, sample.cell_A) == ("Au", pytest.approx(510.0))
    assert sample.geometry.solid_fraction == 0.35
    phases = table().query("Number == 2").iloc[0][[f"Phase {i}" for i in range(1, 31)]]
    assert sample.geometry.phases_rad == tuple(phases)


def test_columns_say_more_than_the_name_of_the_file(tmp_path: Path) -> None:
    columns = {"Metal": "Pt", "Level": 0.5, "HKL Squared": 5, "Cell (Å)": 99.0}
    [first, *_] = read(table(waves=24, **columns), tmp_path / "mine.csv")
    sample = parse_metal(first.payload)
    assert (sample.metal, sample.cell_A) == ("Pt", 99.0)
    assert (sample.geometry.hkl_squared, sample.geometry.solid_fraction) == (5, 0.5)


def test_the_same_topology_in_two_metals_is_one_group(tmp_path: Path) -> None:
    gold = read(table(), tmp_path / "gold_0.35.csv")
    silver = read(table(), tmp_path / "silver_0.25.csv")
    assert [r.group for r in gold] == [r.group for r in silver]
    assert len({r.group for r in gold}) == 3
    assert {r.id for r in gold}.isdisjoint(r.id for r in silver)


def spoilt(column: str, value: object, row: int = 3) -> pd.DataFrame:
    frame = table().astype({column: object})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (table().drop(index=4), "directions X, Z"),
        (spoilt("Direction", "Y"), "directions Y, Y, Z"),
        (spoilt("Cii", -1.0), "C_11 = -1 GPa is not physical"),
        (spoilt("Cii", 900.0), "C_11 = 900 GPa is not physical"),
        (spoilt("Cii", None), "C_11: nan is not a finite number"),
        (spoilt("Cii", "soft"), ": 'soft' is not a number"),
        (spoilt("Phase 3", 1.0), "don't describe one structure"),
    ],
)
def test_bad_structure_is_set_aside_with_its_reason(
    frame: pd.DataFrame, reason: str, tmp_path: Path
) -> None:
    found = read(frame, tmp_path / "gold_0.35.csv")
    [bad] = [item for item in found if isinstance(item, Quarantined)]
    assert reason in bad.reason
    assert bad.origin.endswith("gold_0.35.csv: structure 1")
    assert sum(isinstance(item, Record) for item in found) == 2


def test_rows_without_a_number_are_set_aside_not_lost(tmp_path: Path) -> None:
    frame = table()
    frame["Number"] = frame["Number"].where(frame["Number"] != 1)
    found = read(frame, tmp_path / "gold_0.35.csv")
    [bad] = [item for item in found if isinstance(item, Quarantined)]
    assert bad.reason == "3 rows have no Number"
    assert sum(isinstance(item, Record) for item in found) == 2


def test_waves_between_two_shells_are_set_aside(tmp_path: Path) -> None:
    [only] = read(table(1, **{"HKL Squared": 9.5}), tmp_path / "gold_0.35.csv")
    assert isinstance(only, Quarantined)
    assert only.reason == "HKL Squared 9.5 is not a whole number"


def test_phases_are_ordered_by_their_numbers_not_by_their_columns(tmp_path: Path) -> None:
    frame = table().assign(**{"Phase of the moon": "full"})
    [first, *_] = read(frame, tmp_path / "gold_0.35.csv")
    [other, *_] = read(frame[sorted(frame.columns)], tmp_path / "gold_0.35.csv")
    assert isinstance(first, Record)
    assert isinstance(other, Record)
    assert first.payload == other.payload


def test_a_compressed_table_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gold_0.35.csv.gz"
    read(table(30), path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(BadInput, match="cut short: Compressed file ended"):
        list(read_source(path, STATED))


def test_sources_that_are_no_such_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column Metal and no column Level"):
        read(table(), tmp_path / "mine.csv")
    with pytest.raises(BadInput, match="no column Cii"):
        read(table().drop(columns="Cii"), tmp_path / "gold_0.35.csv")
    (tmp_path / "gold_0.25.csv").write_bytes(b"\xff\x00\x01")
    with pytest.raises(BadInput, match=r"not readable as CSV|no column"):
        list(read_source(tmp_path / "gold_0.25.csv", STATED))
    with pytest.raises(BadInput, match="no such file"):
        list(read_source(tmp_path / "nothing.csv", STATED))
    with pytest.raises(BadInput, match="not a known layout"):
        list(read_source(tmp_path, STATED))


def test_a_column_that_stands_twice_is_refused_and_the_first_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "gold_0.35.csv"
    path.write_text("Number,Direction,Phase 1,Cii,Cii\n1,x,0.1,2,3\n")
    with pytest.raises(BadInput, match="the column 'Cii' stands twice; keep one"):
        list(read_source(path, Provenance("", "")))
