"""Ingest: repeats are dropped, refusals are told, and nothing usable is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from matops.artifacts.data.dataset import part_paths, read_records
from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.data.ingest import ingest


@pytest.fixture
def aside() -> list[Quarantined]:
    """What was set aside."""
    return []


BAD = Quarantined("file.json: row 7", "K_VRH = -3 GPa is not physical")


def test_new_records_become_one_part_of_a_new_version(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    report = ingest(family, alloys[:5], store, aside.extend)
    assert (report.added, report.repeated, report.quarantined) == (5, 0, ())
    assert report.version == "v1"
    assert len(part_paths(store.directory)) == 1
    stored = {record.id for record in read_records(store.directory, family.targets)}
    assert stored == {record.id for record in alloys[:5]}


def test_what_comes_twice_or_is_there_already_is_dropped_and_counted(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    ingest(family, alloys[:5], store, aside.extend)
    report = ingest(family, [*alloys[3:8], alloys[7], alloys[0]], store, aside.extend)
    assert (report.added, report.repeated) == (3, 4)
    assert len(list(read_records(store.directory, family.targets))) == 8


def test_the_same_calculation_from_another_file_is_a_repeat(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    ingest(family, alloys[:2], store, aside.extend)
    elsewhere = replace(alloys[0].provenance, origin="copy.json", date="2030-01-01")
    report = ingest(family, [replace(alloys[0], provenance=elsewhere)], store, aside.extend)
    assert (report.added, report.repeated) == (0, 1)


def test_ingesting_the_same_source_again_makes_no_new_version(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    first = ingest(family, alloys[:5], store, aside.extend)
    before = part_paths(store.directory)
    again = ingest(family, alloys[:5], store, aside.extend)
    assert (again.version, again.added, again.repeated) == (first.version, 0, 5)
    assert part_paths(store.directory) == before


def test_refused_records_are_reported_and_stop_nobody_else(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    report = ingest(
        family, [BAD, alloys[0], replace(BAD, origin="row 9"), alloys[1]], store, aside.extend
    )
    assert report.added == 2
    assert [item.origin for item in report.quarantined] == [BAD.origin, "row 9"]
    assert (report.refused, tuple(aside)) == (2, report.quarantined)
    assert report.quarantined[0].reason == BAD.reason


def test_source_without_one_usable_record_is_bad_input_that_names_the_first(
    family: Family, store: Any, aside: list[Quarantined]
) -> None:
    with pytest.raises(BadInput) as caught:
        ingest(family, [BAD, replace(BAD, origin="row 9")], store, aside.extend)
    assert "2 were refused" in str(caught.value)
    assert f"{BAD.origin}: {BAD.reason}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.checkout(family) is None


def test_empty_source_is_bad_input_where_there_was_no_data(
    family: Family, store: Any, aside: list[Quarantined]
) -> None:
    with pytest.raises(BadInput, match="no usable record: 0 were refused"):
        ingest(family, [], store, aside.extend)


def test_only_refused_records_leave_existing_data_as_it_was(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    ingest(family, alloys[:3], store, aside.extend)
    report = ingest(family, [BAD], store, aside.extend)
    assert (report.version, report.added, len(report.quarantined)) == ("v1", 0, 1)


def test_source_that_breaks_halfway_leaves_the_data_as_it_was(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    def broken() -> Iterator[Record]:
        yield BAD
        yield alloys[0]
        raise BadInput("the disk is gone")

    with pytest.raises(BadInput, match="the disk is gone"):
        ingest(family, broken(), store, aside.extend)
    assert store.checkout(family) is None
    assert aside == [BAD]


def test_more_than_a_batch_is_appended_piece_by_piece_and_counted_as_one(
    family: Family,
    alloys: list[Record],
    store: Any,
    aside: list[Quarantined],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matops.steps.data.ingest.BATCH", 4)
    monkeypatch.setattr("matops.steps.data.refusals.TOGETHER", 4)
    monkeypatch.setattr("matops.steps.data.refusals.SHOWN", 3)
    refused = [replace(BAD, origin=f"row {number}") for number in range(9)]
    report = ingest(family, [*alloys[:10], *refused, *alloys[2:6]], store, aside.extend)
    assert (report.added, report.repeated, report.refused) == (10, 4, 9)
    assert (list(report.quarantined), aside) == (refused[:3], refused)
    assert len(part_paths(store.directory)) == 3
    assert report.version == "v3"


def test_large_payloads_make_small_batches(
    family: Family,
    alloys: list[Record],
    store: Any,
    aside: list[Quarantined],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matops.steps.data.ingest.BATCH_BYTES", 1)
    ingest(family, alloys[:5], store, aside.extend)
    assert len(part_paths(store.directory)) == 5


def labelled(record: Record, method: str = "made-up law", **moduli_GPa: float) -> Record:
    """The same crystal with other moduli; its origin says which."""
    origin = f"{method}: {moduli_GPa}"
    provenance = replace(record.provenance, origin=origin, method=method)
    return replace(record, id=origin, targets={**moduli_GPa}, provenance=provenance)


def test_contradicting_labels_of_one_deposit_are_all_refused_and_the_others_added(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    right = labelled(alloys[0], K_VRH=151.0, G_VRH=60.0)
    slip = labelled(alloys[0], K_VRH=1.51, G_VRH=0.6)
    report = ingest(family, [right, alloys[1], slip], store, aside.extend)
    assert (report.added, report.refused) == (1, 2)
    assert {item.origin for item in aside} == {right.provenance.origin, slip.provenance.origin}
    assert f"151 GPa here and 1.51 GPa in {slip.provenance.origin}" in aside[0].reason
    assert list(report.reasons) == ["labels of one sample contradict each other"]


def test_a_label_against_what_is_stored_is_refused_and_what_is_stored_stays(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    right = labelled(alloys[0], K_VRH=151.0, G_VRH=60.0)
    ingest(family, [right], store, aside.extend)
    slip = labelled(alloys[0], K_VRH=1.51, G_VRH=0.6)
    again = ingest(family, [right, slip], store, aside.extend)
    assert (again.added, again.repeated, again.refused) == (0, 1, 1)
    assert right.provenance.origin in again.quarantined[0].reason
    [kept] = read_records(store.directory, family.targets)
    assert kept.targets == right.targets


def test_strange_labels_are_added_named_and_counted(
    family: Family, alloys: list[Record], store: Any, aside: list[Quarantined]
) -> None:
    swapped = labelled(alloys[0], K_VRH=60.0, G_VRH=151.0)
    near = labelled(alloys[1], K_VRH=100.0, G_VRH=40.0)
    nearly = labelled(alloys[1], K_VRH=110.0, G_VRH=40.0)
    torn = labelled(alloys[2], K_VRH=150.0, G_VRH=0.8)
    report = ingest(family, [swapped, near, nearly, torn], store, aside.extend)
    assert (report.added, report.doubtful, report.refused) == (3, 3, 1)
    assert "are K and G swapped?" in report.doubts[0].reason
    assert report.doubt_reasons == {
        "labels of one sample contradict each other": 2,
        "Poisson's ratio is unusual": 1,
    }
    assert report.quarantined[0].origin == torn.provenance.origin
    again = ingest(family, [swapped, near, nearly], store, aside.extend)
    assert (again.repeated, again.doubtful) == (3, 0)


def test_source_that_breaks_after_a_batch_says_what_stays_and_the_same_again_adds_the_rest(
    family: Family,
    alloys: list[Record],
    store: Any,
    aside: list[Quarantined],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matops.steps.data.ingest.BATCH", 4)

    def broken() -> Iterator[Record]:
        yield from alloys[:6]
        raise BadInput("the disk is gone")

    with pytest.raises(BadInput) as caught:
        ingest(family, broken(), store, aside.extend)
    assert str(caught.value) == (
        "the disk is gone; 4 records before that are published as v1 and stay, and the same "
        "command again adds the rest"
    )
    report = ingest(family, alloys[:6], store, aside.extend)
    assert (report.added, report.repeated) == (2, 4)
