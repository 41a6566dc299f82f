"""Presets change field by field, and a change that does not fit is named."""

from __future__ import annotations

from typing import Any

import pytest

from matops.artifacts.configuration import resolve_config
from matops.core.errors import BadInput
from matops.entrypoints.configuration import parse_changes
from matops.families import family_names, get_family
from matops.families.elastic_cgcnn.config import ElasticConfig

ELASTIC = get_family("elastic_cgcnn")


def elastic(changes: dict[str, Any]) -> ElasticConfig:
    found = resolve_config(ELASTIC, "demo", changes)
    assert isinstance(found, ElasticConfig)
    return found


@pytest.mark.parametrize("family", family_names())
def test_every_preset_of_every_family_survives_the_way_through_json(family: str) -> None:
    found = get_family(family)
    for name, preset in found.presets.items():
        assert resolve_config(found, name, {}) == preset


def test_a_change_changes_its_field_and_no_other() -> None:
    changed = elastic({"training.epochs": 7, "limits.mae_K": 0.5})
    preset = ELASTIC.presets["demo"]
    assert changed.training.epochs == 7 != preset.training.epochs
    assert changed.limits.mae_K == 0.5
    assert changed.training.batch_size == preset.training.batch_size
    assert changed.split == preset.split


def test_changes_leave_the_preset_as_it_was() -> None:
    before = ELASTIC.presets["demo"].training.epochs
    elastic({"training.epochs": before + 1})
    assert ELASTIC.presets["demo"].training.epochs == before


def test_a_list_becomes_a_tuple() -> None:
    assert elastic({"evaluation.learning_curve": [0.25, 0.5]}).evaluation.learning_curve == (
        0.25,
        0.5,
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"training.epoch": 3}, "training.epoch"),
        ({"train.epochs": 3}, "train.epochs"),
        ({"training.epochs.more": 3}, "training.epochs.more"),
        ({"": 3}, "''"),
        ({"training.epochs": "many"}, "training.epochs"),
        ({"training.epochs": 2.5}, "training.epochs"),
        ({"training.loss": "cubic"}, "training.loss"),
        ({"training": 3}, "training"),
        ({"training": {"epochs": 3}}, "training"),
    ],
)
def test_a_change_that_does_not_fit_is_named_in_one_line(
    changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(BadInput) as caught:
        elastic(changes)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"'huge'.*demo"):
        resolve_config(ELASTIC, "huge", {})


def test_values_are_read_as_json_or_else_as_text() -> None:
    pairs = ["a.b=3", "c=0.5", "d=[1, 2]", "e=true", "f=mae", "g=x=y", "h="]
    assert parse_changes(pairs) == {
        "a.b": 3,
        "c": 0.5,
        "d": [1, 2],
        "e": True,
        "f": "mae",
        "g": "x=y",
        "h": "",
    }


def test_a_pair_without_an_equals_sign_is_refused() -> None:
    with pytest.raises(BadInput, match=r"training\.epochs"):
        parse_changes(["training.epochs"])
