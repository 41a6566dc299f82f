"""Evaluate: an honest card, a package that loads, and a fair fight with the champion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from matops.artifacts.data.prepared import write_prepared
from matops.artifacts.model.evaluation import PACKAGE, REPORT, ROWS
from matops.artifacts.model.package import load_checked, read_card
from matops.core.quality.card import Card
from matops.steps.learning.train import train
from matops.steps.quality.evaluate import evaluate


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def shuffled_model(world: Any, quiet: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network trained on labels that belong to other crystals."""
    root, prepared = tmp_path_factory.mktemp("shuffled"), world.prepared()
    order = np.random.default_rng(0).permutation(len(prepared.records))
    labels = [prepared.records[i].targets for i in order]
    records = [
        replace(record, targets=targets)
        for record, targets in zip(prepared.records, labels, strict=True)
    ]
    write_prepared(root / "prepared", replace(prepared, records=records))
    train(root / "prepared", world.family, world.config, root / "model", 1, quiet)
    return root / "model"


def judged(world: Any, model: Path, out: Path, config: Any = None, champion: bool = True) -> Card:
    rival = world.evaluation / PACKAGE if champion else None
    return evaluate(world.prepared(config), model, rival, "c0ffee", out)


def rows_of(world: Any) -> pd.DataFrame:
    return pd.read_csv(world.evaluation / ROWS)


def test_good_model_is_accepted_on_every_gate_of_the_family(world: Any) -> None:
    assert world.card.verdict.accepted
    asked = {gate.name for gate in world.family.gates(world.config)}
    assert {result.gate.name for result in world.card.verdict.results} == asked
    assert world.card.champion == ""


def test_candidate_loads_and_answers_with_the_recorded_predictions(world: Any) -> None:
    assert read_card(world.evaluation / PACKAGE) == world.card
    predictor = load_checked(world.evaluation / PACKAGE)
    table = rows_of(world).query("target == 'G_VRH'").set_index("id")
    prepared = world.prepared()
    test = [prepared.records[i] for i in prepared.rows("test").tolist()]
    for record, answer in zip(test, predictor.predict([r.payload for r in test]), strict=True):
        row, estimate = table.loc[record.id], answer.estimates["G_VRH"]
        assert estimate.value == pytest.approx(row["predicted"], rel=1e-5)
        lower = None if answer.out_of_domain else pytest.approx(row["lower"], rel=1e-5)
        assert estimate.lower == lower
        assert row["truth"] == pytest.approx(record.targets["G_VRH"])
        assert answer.domain_score == pytest.approx(row["domain_score"])


def test_only_test_rows_are_measured_and_no_group_of_theirs_was_trained_on(world: Any) -> None:
    prepared, rows = world.prepared(), rows_of(world)
    parts = {part: set(prepared.groups[prepared.rows(part)]) for part in ("train", "calibration")}
    assert set(rows["group"]) == set(prepared.groups[prepared.rows("test")])
    assert not set(rows["group"]) & (parts["train"] | parts["calibration"])
    properties = {target.name for target in world.card.properties}
    assert set(rows["target"]) == properties
    assert len(rows) == len(properties) * len(prepared.rows("test"))
    assert world.card.calibration.rows == len(prepared.rows("calibration"))


def test_card_numbers_can_be_recomputed_from_the_recorded_rows(world: Any) -> None:
    moduli = rows_of(world)[lambda rows: rows["target"].isin(["K_VRH", "G_VRH"])]
    for name, rows in moduli.groupby("target"):
        error = np.log10(rows["predicted"] / rows["truth"])
        known = rows[~rows["out_of_domain"]]  # nothing is promised for the others
        inside = (known["lower"] <= known["truth"]) & (known["truth"] <= known["upper"])
        measured = world.card.measurements
        assert measured[f"{name}.mae"].value == pytest.approx(np.abs(error).mean(), rel=1e-4)
        assert measured[f"{name}.coverage"].value == pytest.approx(inside.mean())
        physical = (rows["predicted"] - rows["truth"]).abs().mean()
        assert measured[f"{name}.mae_physical"].value == pytest.approx(physical, rel=1e-4)
        assert measured[f"{name}.mae_physical"].unit == "GPa"


def test_card_tells_data_commit_and_configuration(world: Any) -> None:
    card = world.card
    assert card.data.version == world.data.version
    assert sum(card.data.rows.values()) == 198
    assert card.environment.commit == "c0ffee"
    assert card.configuration["training"]["epochs"] == world.config.training.epochs
    assert "Al" in card.domain.tokens
    assert card.version in (world.evaluation / REPORT).read_text()


@pytest.mark.parametrize(
    ("limit", "failing"),
    [("mae_K", "K_VRH error"), ("half_width_G", "G_VRH interval width"), ("latency_ms", "latency")],
)
def test_one_limit_that_does_not_hold_rejects(
    world: Any, tmp_path: Path, limit: str, failing: str
) -> None:
    strict = replace(world.config, limits=replace(world.config.limits, **{limit: 1e-6}))
    card = judged(world, world.model, tmp_path, strict, champion=False)
    assert not card.verdict.accepted
    assert [result.gate.name for result in card.verdict.failures] == [failing]


def test_identical_challenger_passes_against_its_twin(world: Any, tmp_path: Path) -> None:
    card = judged(world, world.model, tmp_path)
    assert card.verdict.accepted
    assert card.champion == card.version == world.card.version
    for name in ("K_VRH", "G_VRH"):
        difference = card.measurements[f"{name}.mae_over_champion"]
        assert difference.value == pytest.approx(0, abs=1e-6)
    assert len(card.verdict.results) == len(world.card.verdict.results) + 2


def test_challenger_trained_on_shuffled_labels_is_rejected_by_the_comparison_alone(
    world: Any, shuffled_model: Path, tmp_path: Path
) -> None:
    # Even limits that anything passes do not help a model that is worse than the champion.
    loose = {"mae_K": 9.0, "mae_G": 9.0, "half_width_K": 9.0, "half_width_G": 9.0}
    lenient = replace(world.config, limits=replace(world.config.limits, **loose))
    alone = judged(world, shuffled_model, tmp_path / "alone", lenient, champion=False)
    assert alone.verdict.accepted
    card = judged(world, shuffled_model, tmp_path / "both", lenient)
    assert not card.verdict.accepted
    failed = {result.gate.name for result in card.verdict.failures}
    assert failed == {f"{name} no worse than champion" for name in ("K_VRH", "G_VRH")}
    low = card.measurements["K_VRH.mae_over_champion"].low
    assert low is not None
    assert low > 0.05


def test_shuffled_labels_fail_the_family_gates_as_well(
    world: Any, shuffled_model: Path, tmp_path: Path
) -> None:
    card = judged(world, shuffled_model, tmp_path, champion=False)
    assert "K_VRH error" in {result.gate.name for result in card.verdict.failures}
    assert card.measurements["K_VRH.r2"].value < 0.2 < world.card.measurements["K_VRH.r2"].value


def test_intervals_of_a_bad_model_are_wide_and_still_cover(
    world: Any, shuffled_model: Path, tmp_path: Path
) -> None:
    card = judged(world, shuffled_model, tmp_path, champion=False)
    for name in ("K_VRH", "G_VRH"):
        bad, good = (c.measurements[f"{name}.interval_half_width"] for c in (card, world.card))
        assert bad.value > 3 * good.value
        assert card.measurements[f"{name}.coverage"].value > 0.75
