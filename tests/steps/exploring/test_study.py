"""A study's numbers are those of the predictions that were made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matops.core.exploring.study import POOLED, Study, Variant
from matops.core.learning.transfer import TransferConfig
from matops.families import get_family
from matops.steps.exploring.study import measure_variant, run_study
from matops.steps.learning.cross_validation import HeldOutAnswers, Workplace
from matops.steps.learning.fold_plan import Case, Folds
from matops.steps.learning.samples import Samples, gather_samples
from tests.support.tables import scalars

DISJOINT = TransferConfig(disjoint_data=True)


@pytest.fixture
def samples(family: Any, alloys: list[Any]) -> Samples:
    return gather_samples(family, alloys[:24])[0]


def answers(predicted: Any) -> HeldOutAnswers:
    tables = scalars(predicted, get_family("elastic_cgcnn").targets)
    return HeldOutAnswers(tables, 12, 100, 2.0, None)


def test_errors_are_those_of_the_mean_of_the_members(samples: Samples) -> None:
    above, below = samples.scaled["sample"] + 0.3, samples.scaled["sample"] - 0.1
    found = measure_variant(samples, answers([[above, below]]))
    truth = 10 ** samples.scaled["sample"]
    error = truth * (10**0.1 - 1)
    assert found["K_VRH"]["mae"].value == pytest.approx(error[:, 0].mean())
    assert found["G_VRH"]["rmse"].value == pytest.approx(np.sqrt((error[:, 1] ** 2).mean()))
    assert found["K_VRH"]["mae_scaled"].value == pytest.approx(0.1)
    assert found[POOLED]["mae"].value == pytest.approx(error.mean())
    expected = 1 - (error**2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert found[POOLED]["r2"].value == pytest.approx(expected)
    assert found["K_VRH"]["mae"].unit == found[POOLED]["rmse"].unit == "GPa"
    assert found["K_VRH"]["mae_scaled"].unit == "log10(GPa)"


def test_draws_are_measured_one_by_one_and_not_averaged(samples: Samples) -> None:
    above, below = samples.scaled["sample"] + 0.1, samples.scaled["sample"] - 0.1
    found = measure_variant(samples, answers([[above], [below]]))
    assert found["K_VRH"]["mae_scaled"].value == pytest.approx(0.1)
    assert found["K_VRH"]["mae"].rows == 48


def test_draws_do_not_shrink_the_interval(samples: Samples) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, samples.scaled["sample"].shape)
    once = measure_variant(samples, answers([[samples.scaled["sample"] + noise]]))["K_VRH"]["mae"]
    many = measure_variant(samples, answers([[samples.scaled["sample"] + noise]] * 5))["K_VRH"][
        "mae"
    ]
    assert (many.value, many.low, many.high) == pytest.approx((once.value, once.low, once.high))


def test_samples_without_an_answer_are_not_measured(samples: Samples) -> None:
    off = np.where(np.arange(len(samples.scaled["sample"])) < 5, 0.1, np.nan)[:, None]
    found = measure_variant(samples, answers([[samples.scaled["sample"] + off]]))["K_VRH"]
    assert found["mae_scaled"].value == pytest.approx(0.1)


def test_targets_of_different_units_are_not_pooled(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk, shear = samples.family.targets
    other = (bulk, replace(shear, unit="kbar"))
    monkeypatch.setattr(type(samples.family), "targets", other)
    found = measure_variant(samples, answers([[samples.scaled["sample"]]]))
    assert set(found) == {"K_VRH", "G_VRH"}


def test_a_study_leaves_table_and_plot_and_says_what_it_found(
    samples: Samples, config: Any, quiet: Any, tmp_path: Path
) -> None:
    variants = (Variant("four", x=4, train_groups=4), Variant("all", x=12))
    study = Study("size", "How many?", variants, x_label="groups", draws=2)
    cases = [Case(variants[0], config, draws=2), Case(variants[1], config)]
    place = Workplace(tmp_path / "cache", tmp_path / "out" / "trainings", 1, lambda stage: quiet)
    results, files = run_study(study, samples, cases, Folds(2, 0), place, tmp_path / "out")
    table = pd.read_csv(files.csv)
    assert table["variant"].tolist() == ["four"] * 3 + ["all"] * 3
    assert table["train_groups"].tolist() == [4] * 3 + [12] * 3
    assert table["draws"].tolist() == [2] * 3 + [1] * 3
    assert (table["members"] == 2).all()
    for result, (_, rows) in zip(results, table.groupby("variant", sort=False), strict=True):
        for _, row in rows.iterrows():
            assert row["r2"] == pytest.approx(result.errors[row["target"]]["r2"].value)
    assert "24 samples in 24 groups; 2 folds of whole groups, seed 0." in files.markdown.read_text()
    assert files.plot.read_bytes().startswith(b"\x89PNG")


def test_the_package_that_transfer_starts_from_is_named(
    samples: Samples, config: Any, quiet: Any, world: Any, tmp_path: Path
) -> None:
    learns_on = replace(config.training, members=1, epochs=1, transfer=DISJOINT)
    variant = Variant("transfer", transfer=True)
    case = Case(variant, replace(config, training=learns_on), start=world.evaluation / "package")
    place = Workplace(tmp_path / "cache", tmp_path / "trainings", 1, lambda stage: quiet)
    study = Study("start", "From where?", (variant,))
    _, files = run_study(study, samples, [case], Folds(2, 0), place, tmp_path)
    assert f"Transfer starts from package {world.card.version}." in files.markdown.read_text()
