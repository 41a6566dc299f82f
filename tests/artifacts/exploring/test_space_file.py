"""Spaces from files; what is wrong in one is said in a line that names the field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matops.artifacts.exploring.space_file import check_space, read_space
from matops.core.errors import BadInput
from matops.core.exploring.space import Options, Range, SearchSpace
from matops.families import get_family

TOML = """
preset = "demo"
changes = {"training.epochs" = 3}
[fields."training.learning_rate"]
low = 1e-4
high = 1e-2
log = true
[fields."network.n_conv"]
values = [1, 2]
"""
YAML = """
preset: demo
changes: {training.epochs: 3}
fields:
  training.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}
  network.n_conv: {values: [1, 2]}
"""
JSON = json.dumps(
    {
        "preset": "demo",
        "changes": {"training.epochs": 3},
        "fields": {
            "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "network.n_conv": {"values": [1, 2]},
        },
    }
)


@pytest.mark.parametrize(("suffix", "text"), [("toml", TOML), ("yaml", YAML), ("json", JSON)])
def test_three_formats_say_the_same(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"mine.{suffix}"
    path.write_text(text)
    fields = {
        "training.learning_rate": Range(1e-4, 1e-2, log=True),
        "network.n_conv": Options((1, 2)),
    }
    assert read_space(path) == SearchSpace(
        "mine", fields, preset="demo", changes={"training.epochs": 3}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fields = 3", "has no table fields"),
        ("fields = [", "not TOML"),
        ('[fields]\n"training.learning_rate" = 0.1', "training.learning_rate: has neither low"),
        ('[fields."a.b"]\nlow = 1', "a.b: has neither low and high nor values"),
        ('[fields."a.b"]\nlow = 2\nhigh = 1', r"a.b: .*low \(2\) must be below high \(1\)"),
        ('[fields."a.b"]\nlow = "x"\nhigh = 1', "a.b: low"),
        ('[fields."a.b"]\nlow = 1\nhigh = 2\nscale = "log"', "a.b: scale"),
        ('colour = 1\n[fields."a.b"]\nvalues = [1]', "colour"),
        ('[fields."split.test"]\nvalues = [0.1]', "split.test: is not searched"),
    ],
)
def test_a_bad_space_is_one_line_that_names_the_field(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words) as refusal:
        read_space(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("training.epoch", Range(1, 2), "space s: training.epoch = 1: .*no field"),
        ("training.epochs", Range(0, 2), "training.epochs = 0: .*epochs must be 1 or more"),
        ("training.epochs", Options(("many",)), 'training.epochs = "many": .*valid integer'),
        ("network", Options((1,)), "network = 1: .*group of fields"),
    ],
)
def test_a_space_that_does_not_fit_the_family_is_refused(
    path: str, values: Range | Options, words: str
) -> None:
    space = SearchSpace("s", {path: values})
    with pytest.raises(BadInput, match=words):
        check_space(get_family("elastic_cgcnn"), space, "demo", "space s")
