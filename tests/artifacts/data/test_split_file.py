"""A user's own split: read strictly, and refused where it does not fit the records."""

from __future__ import annotations

import json

import pytest

from matops.artifacts.data.split_file import parse_split
from matops.core.data.record import Provenance, Record
from matops.core.data.split import PARTS
from matops.core.errors import BadInput

RECORDS = [
    Record(name, group, {}, {}, Provenance("made up", f"{name}.cif"))
    for name, group in (("a1", "Au"), ("a2", "Au"), ("b", "Ag"), ("c", "Cu"))
]
GOOD = "id,part,fold,remark\na1,train,0,x\na2,train,0,\nb,calibration,1,\nc,test,2,\n"
PLACES = {"a1": "train", "a2": "train", "b": "calibration", "c": "test"}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        "group,part\nAu,train\nAg,calibration\nCu,test\n",
        json.dumps(PLACES),
        json.dumps([{"id": name, "part": part} for name, part in PLACES.items()]),
    ],
    ids=["csv", "windows", "groups", "object", "list"],
)
def test_each_record_has_the_part_that_the_file_says(text: str) -> None:
    split = parse_split(text.encode(), "split")
    assert split.part_of(RECORDS) == list(PLACES.values())


def test_folds_are_those_of_the_file() -> None:
    assert parse_split(GOOD.encode(), "split.csv").fold_of(RECORDS).tolist() == [0, 0, 1, 2]
    with pytest.raises(BadInput, match=r"^x\.csv: has no column fold$"):
        parse_split(b"id,part\na1,train\n", "x.csv").fold_of(RECORDS)


def test_the_fingerprint_is_that_of_the_content() -> None:
    first, again = (parse_split(GOOD.encode(), name) for name in ("x.csv", "y.csv"))
    other = parse_split(GOOD.replace("c,test", "c,train").encode(), "x.csv")
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert len(first.fingerprint) == 64


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            GOOD.replace("c,test", "c,validation"),
            f"line 5: the part 'validation' is none of {', '.join(PARTS)}",
        ),
        (GOOD + "c,test,2,\n", "line 6: id c stands there twice"),
        (GOOD + ",test,2,\n", "line 6: no id"),
        (GOOD + "d,test\n", "line 6: not as many fields as the heading"),
        (
            GOOD.replace("a1,train,0", "a1,train,-1"),
            "line 2: the fold '-1' is no whole number from 0",
        ),
        ("name,part\na,train\n", "no column id and no column group, or no rows"),
        ("", "no column id and no column group, or no rows"),
        ("id,part,part\na,train,test\n", "a column stands twice: id, part, part"),
        ('{"a1": "train", "a1": "test"}', "the key 'a1' stands twice in one object"),
        ('[{"id": "a1", "part": true}]', f"record 1: the part True is none of {', '.join(PARTS)}"),
        ("[1]", "record 1: not an object"),
        ("[", "not readable as JSON: Expecting value: line 1 column 2 (char 1)"),
    ],
)
def test_what_is_no_split_is_one_line(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_split(text.encode(), "split.csv")
    assert str(caught.value) == f"split.csv: {reason}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            GOOD.replace("c,test,2,\n", ""),
            "1 of 4 records have no part, the first being c of group Cu (c.cif)",
        ),
        (GOOD + "d,test,2,\n", "1 ids that the data don't have, the first being d"),
        (
            GOOD.replace("a2,train", "a2,test"),
            "1 groups are torn between parts, the first being Au in test and train: what measures "
            "would have been trained on; if it is meant so, say --set split.torn_groups=true",
        ),
    ],
)
def test_a_split_that_does_not_fit_is_one_line(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_split(text.encode(), "split.csv").part_of(RECORDS)
    assert str(caught.value) == f"split.csv: {reason}"


def test_a_torn_group_is_taken_only_where_it_is_said() -> None:
    torn = parse_split(GOOD.replace("a2,train", "a2,test").encode(), "split.csv")
    assert torn.part_of(RECORDS, may_tear=True) == ["train", "test", "calibration", "test"]


def test_a_torn_group_is_never_taken_between_folds() -> None:
    torn = parse_split(GOOD.replace("a2,train,0", "a2,train,1").encode(), "split.csv")
    with pytest.raises(BadInput, match="Au in 0 and 1"):
        torn.fold_of(RECORDS)
