"""Tables of surfaces."""

from pathlib import Path

import pytest

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.surface_eql.data import read_source
from matops.families.surface_eql.surfaces.bulk import METALS, Bulk

STATED = Provenance("", "", "LAMMPS", "EAM", "2026-01-02", "CC0-1.0")
TARGETS = "gamma0,T,R,T0,T1,R0,R1"
VALUES = "1.41,1.06,0.066,-3.13,-3.53,1.84,0.86"


def table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "surfaces.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_metals_and_bulk_properties_are_read(tmp_path: Path) -> None:
    bulk = ",".join(Bulk._fields)
    numbers = ",".join(map(str, METALS["Ni"]))
    by_name = table(tmp_path, f"h,k,l,metal,{TARGETS}", f"1,1,0,Cu,{VALUES}", f"0,2,2,Ag,{VALUES}")
    one, other = read_source(by_name, STATED)
    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert one.group == other.group == "(1 1 0)"
    assert one.targets["T0"] == -3.13
    assert one.provenance.source == "table"
    [record] = read_source(
        table(tmp_path, f"h,k,l,{bulk},{TARGETS}", f"2,1,0,{numbers},{VALUES}"), STATED
    )
    assert isinstance(record, Record)
    assert record.payload["surface_of_bulk"]["bulk"] == METALS["Ni"]._asdict()


def test_a_bad_row_costs_itself_only(tmp_path: Path) -> None:
    negative = VALUES.replace("1.41", "-1.41")
    rows = [
        f"1,1,0,Cu,{VALUES}",
        f"1,0,0,Cu,{negative}",
        f"1,x,0,Cu,{VALUES}",
        f"1,.5,0,Cu,{VALUES}",
    ]
    path = table(tmp_path, f"h,k,l,metal,{TARGETS}", *rows, f"1,1,0,Fe,{VALUES}")
    first, *refused = read_source(path, STATED)
    assert isinstance(first, Record)
    assert all(isinstance(item, Quarantined) for item in refused)
    reasons = [item.reason for item in refused if isinstance(item, Quarantined)]
    assert "gamma0 = -1.41" in reasons[0]
    assert "whole" in reasons[2]
    assert "metal is none of" in reasons[3]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column R1"):
        list(read_source(table(tmp_path, "h,k,l,metal,gamma0,T,R,T0,T1,R0"), STATED))
