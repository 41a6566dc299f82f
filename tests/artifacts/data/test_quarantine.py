"""The quarantine keeps every refusal once."""

from pathlib import Path

from matops.artifacts.data.quarantine import add_to_quarantine, read_quarantine
from matops.core.data.record import Quarantined

BAD = Quarantined("a.cif", "site Au1 has partial occupancy 0.5")
WORSE = Quarantined("b.cif", "unknown element 'Xx'")


def test_a_missing_file_is_an_empty_quarantine(tmp_path: Path) -> None:
    assert read_quarantine(tmp_path / "none.jsonl") == []


def test_refusals_add_up_and_repeats_do_not(tmp_path: Path) -> None:
    path = tmp_path / "quarantine" / "family.jsonl"
    add_to_quarantine(path, [BAD])
    add_to_quarantine(path, [WORSE, BAD])
    add_to_quarantine(path, [BAD, WORSE])
    assert read_quarantine(path) == [BAD, WORSE]


def test_the_same_record_refused_for_another_reason_is_another_refusal(tmp_path: Path) -> None:
    path = tmp_path / "family.jsonl"
    add_to_quarantine(path, [BAD])
    add_to_quarantine(path, [Quarantined(BAD.origin, "no such file")])
    assert [item.reason for item in read_quarantine(path)] == [BAD.reason, "no such file"]
