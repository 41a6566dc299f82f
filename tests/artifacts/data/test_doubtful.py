"""What is strange about the data behind a model is counted, and the first of it named."""

from __future__ import annotations

from pathlib import Path

from matops.artifacts.data.doubtful import SHOWN, find_doubtful
from matops.artifacts.data.quarantine import add_to_quarantine
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.data.sifting.plausibility import Doubt

RECORDS = [Record(f"{n:020x}", "MgO", {}, {"K": float(n)}, Provenance("", "")) for n in range(90)]


def doubt(record: Record) -> Doubt | None:
    stiffness = record.targets["K"]
    kind = "too stiff" if stiffness >= 80 else "too soft"
    return None if 30 <= stiffness < 80 else Doubt(f"{kind}: {stiffness} GPa", False)


def test_doubtful_records_are_counted_by_kind_and_the_first_are_named() -> None:
    doubtful = find_doubtful(RECORDS, doubt)
    assert doubtful.reasons == {"too soft": 30, "too stiff": 10}
    assert doubtful.count == 40
    assert [record.id for record, _ in doubtful.records] == [r.id for r in RECORDS[:SHOWN]]
    assert doubtful.records[0][1] == "too soft: 0.0 GPa"
    assert doubtful.refused is None


def test_refusals_of_the_quarantine_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    lines = [Quarantined(f"file {n:03d}", "K = -1 GPa") for n in range(50)]
    add_to_quarantine(tmp_path / "quarantine.jsonl", lines)
    doubtful = find_doubtful([], doubt, tmp_path / "quarantine.jsonl")
    assert (doubtful.count, doubtful.refused) == (0, 50)
    assert list(doubtful.first_refused) == lines[:SHOWN]
