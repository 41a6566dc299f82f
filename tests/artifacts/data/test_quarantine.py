"""The quarantine keeps every refusal once."""

from pathlib import Path

import pytest

from matops.artifacts.data.quarantine import LONGEST, add_to_quarantine, read_quarantine
from matops.core.data.record import Quarantined
from matops.core.errors import BadInput

BAD = Quarantined("a.cif", "site Au1 has partial occupancy 0.5")
WORSE = Quarantined("b.cif", "unknown element 'Xx'")


def test_a_missing_file_is_an_empty_quarantine(tmp_path: Path) -> None:
    assert list(read_quarantine(tmp_path / "none.jsonl")) == []


def test_refusals_add_up_and_repeats_do_not(tmp_path: Path) -> None:
    path = tmp_path / "quarantine" / "family.jsonl"
    add_to_quarantine(path, [BAD])
    add_to_quarantine(path, [WORSE, BAD])
    add_to_quarantine(path, [BAD, WORSE])
    assert list(read_quarantine(path)) == [BAD, WORSE]


def test_the_same_record_refused_for_another_reason_is_another_refusal(tmp_path: Path) -> None:
    path = tmp_path / "family.jsonl"
    add_to_quarantine(path, [BAD])
    add_to_quarantine(path, [Quarantined(BAD.origin, "no such file")])
    assert [item.reason for item in read_quarantine(path)] == [BAD.reason, "no such file"]


def test_a_last_line_that_a_kill_cut_costs_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "family.jsonl"
    add_to_quarantine(path, [BAD, WORSE])
    path.write_bytes(path.read_bytes()[:-10])
    add_to_quarantine(path, [BAD, WORSE])
    assert list(read_quarantine(path)) == [BAD, WORSE]


def test_a_damaged_line_stops_no_ingestion_and_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "family.jsonl"
    add_to_quarantine(path, [BAD])
    path.write_bytes(path.read_bytes() + b"\xff\xfe{\n")
    add_to_quarantine(path, [WORSE, BAD])
    assert len(path.read_bytes().splitlines()) == 3
    with pytest.raises(BadInput, match=r"family\.jsonl: line 2"):
        list(read_quarantine(path))


@pytest.mark.parametrize(
    ("text", "kept"), [("a\udcff.cif", "a\\udcff.cif"), ("x" * 10**6, "x" * LONGEST)]
)
def test_what_is_no_text_or_endless_is_kept_in_a_form_that_can_be_read(
    tmp_path: Path, text: str, kept: str
) -> None:
    path = tmp_path / "family.jsonl"
    add_to_quarantine(path, [Quarantined(text, text)])
    assert list(read_quarantine(path)) == [Quarantined(kept, kept)]
