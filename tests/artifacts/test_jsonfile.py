"""JSON files: exactly the dataclass they hold, and one line on what does not fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from matops.artifacts.jsonfile import from_json, read_json, to_json, write_json
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.quality.gate import Gate, GateResult, Measurement, Verdict

GATE = Gate("error", "K.mae", "<=", 0.05, "log10(GPa)", "a paper")
VERDICT = Verdict(False, (GateResult(GATE, None, False, "K.mae was not measured"),))


@dataclass(frozen=True)
class Numbers:
    whole: int
    many: tuple[float, ...]
    named: dict[str, Measurement]


def refusal(text: bytes, kind: type[object]) -> str:
    with pytest.raises(BadInput) as caught:
        from_json(text, kind, "a file")
    said = str(caught.value)
    assert said.startswith("a file: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    "value",
    [
        VERDICT,
        Measurement(0.1 + 0.2, "GPa", 1e-300, None, 3),
        Numbers(2**60, (1 / 3, -0.0), {"ä → β": Measurement(1.0, "1")}),
        Target("K", "GPa", 'said "so"', "log10", lower=0.0),
    ],
)
def test_values_come_back_as_they_were(tmp_path: Path, value: object) -> None:
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json", type(value)) == value
    assert from_json(to_json(value), type(value), "text") == value
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_numbers_that_are_not_finite_survive(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", Measurement(math.nan, "1", -math.inf, math.inf, 3))
    found = read_json(tmp_path / "x.json", Measurement)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.rows) == (-math.inf, math.inf, 3)


def test_unknown_field_is_refused_however_deep() -> None:
    assert "extra" in refusal(b'{"value": 1.0, "unit": "1", "extra": 2}', Measurement)
    deep = to_json(VERDICT).replace(b'"source"', b'"sauce": "x", "source"')
    assert "results.0.gate.sauce" in refusal(deep, Verdict)


def test_missing_field_is_refused_by_name() -> None:
    assert "unit" in refusal(b'{"value": 1.0}', Measurement)


@pytest.mark.parametrize(
    "text",
    [
        b'{"value": "3.5", "unit": "1"}',
        b'{"value": true, "unit": "1"}',
        b'{"value": null, "unit": "1"}',
        b'{"value": 1.0, "unit": 1}',
        b'{"value": 1.0, "unit": "1", "rows": 2.5}',
        b'{"value": 1.0, "unit": "1", "rows": "2"}',
        b"[1.0, 2.0]",
        b"7",
        b"null",
    ],
)
def test_wrong_type_is_refused_and_never_converted(text: bytes) -> None:
    refusal(text, Measurement)


@pytest.mark.parametrize("word", [b'"yes"', b"1", b'"true"'])
def test_acceptance_is_true_or_false_and_nothing_that_looks_like_it(word: bytes) -> None:
    assert "accepted" in refusal(b'{"accepted": ' + word + b', "results": []}', Verdict)


def test_whole_number_is_a_number() -> None:
    assert from_json(b'{"value": 3, "unit": "1"}', Measurement, "x") == Measurement(3.0, "1")


def test_comparison_that_does_not_exist_is_refused() -> None:
    assert "comparison" in refusal(to_json(GATE).replace(b"<=", b"=="), Gate)


def test_value_that_the_dataclass_itself_refuses_is_bad_input() -> None:
    text = to_json(Target("K", "GPa", "", "log10", lower=0.0)).replace(b"0.0", b"-1.0")
    assert "lower bound" in refusal(text, Target)


@pytest.mark.parametrize("text", [b"", b"{", b'{"value": 1,}', b"\xff\xfe", b"{} {}", b"{}, {}"])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    refusal(text, Measurement)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.json: no such file"):
        read_json(tmp_path / "none.json", Measurement)
