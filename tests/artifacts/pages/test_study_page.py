"""A study's result on disk says what was measured, with units and intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from matops.artifacts.pages.study_page import result_table, study_markdown, write_study
from matops.core.exploring.study import POOLED, Study, Variant, VariantResult
from matops.core.quality.gate import Measurement

VARIANTS = (Variant("small", x=20, series="scratch"), Variant("large", x=200, series="gold"))
STUDY = Study("size", "How many are needed?", VARIANTS, x_label="structures")


def errors(r2: float, scaled_unit: str) -> dict[str, Measurement]:
    return {
        "mae": Measurement(0.35, "GPa", 0.3, 0.4, 90),
        "rmse": Measurement(0.5, "GPa", 0.45, 0.55, 90),
        "r2": Measurement(r2, "1", r2 - 0.01, r2 + 0.02, 90),
        "mae_scaled": Measurement(0.05, scaled_unit, 0.04, 0.06, 90),
    }


def result(variant: Variant, r2: float, scaled_unit: str = "GPa") -> VariantResult:
    pooled = {k: v for k, v in errors(r2 + 0.1, "").items() if k != "mae_scaled"}
    found = {"C_11": errors(r2, scaled_unit), POOLED: pooled}
    return VariantResult(variant, found, 17, 3, 5, 123456, 71.26, 2.512)


@pytest.fixture
def results() -> list[VariantResult]:
    return [result(VARIANTS[0], 0.5), result(VARIANTS[1], 0.75)]


def test_table_has_a_row_a_variant_and_target_with_everything(
    results: list[VariantResult],
) -> None:
    table = result_table(results)
    assert list(zip(table["variant"], table["target"], strict=True)) == [
        ("small", "C_11"),
        ("small", POOLED),
        ("large", "C_11"),
        ("large", POOLED),
    ]
    row = table.iloc[2]
    assert (row["series"], row["x"], row["train_groups"], row["draws"]) == ("gold", 200, 17, 3)
    assert (row["members"], row["weights"], row["seconds_per_epoch"]) == (5, 123456, 2.512)
    assert (row["r2"], row["r2_low"], row["r2_high"]) == pytest.approx((0.75, 0.74, 0.77))
    assert (row["mae"], row["mae_unit"], row["r2_unit"]) == (0.35, "GPa", "1")


def test_markdown_pools_first_and_gives_unit_and_interval(results: list[VariantResult]) -> None:
    text = study_markdown(STUDY, "90 samples.", results)
    assert text.index("## All targets") < text.index("## C_11") < text.index("## Cost")
    assert "# size: How many are needed?" in text
    assert "90 samples." in text
    assert "| variant | training groups | R² | MAE (GPa) | RMSE (GPa) |\n" in text
    assert "| small | 17 | 0.5000 (0.4900 to 0.5200) | 0.35 (0.3 to 0.4) |" in text
    assert "| large | 5 | 3 | 123,456 | 2.51 | 71.3 |" in text


def test_every_markdown_row_has_as_many_cells_as_its_heading(results: list[VariantResult]) -> None:
    text = study_markdown(STUDY, "", results)
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) <= 1


def test_learning_scale_is_shown_only_where_it_is_another_one() -> None:
    logarithmic = result(VARIANTS[0], 0.5, "log10(GPa)")
    assert "MAE (log10(GPa))" in study_markdown(STUDY, "", [logarithmic])
    assert study_markdown(STUDY, "", [result(VARIANTS[0], 0.5)]).count("MAE") == 2


def test_a_fit_without_epochs_leaves_that_cell_empty(results: list[VariantResult]) -> None:
    text = study_markdown(STUDY, "", [replace(results[0], seconds_per_epoch=None)])
    assert "| small | 5 | 3 | 123,456 |  | 71.3 |" in text


def test_files_can_be_read_back_and_written_again(
    results: list[VariantResult], tmp_path: Path
) -> None:
    for _ in range(2):
        files = write_study(tmp_path / "out", STUDY, "90 samples.", results)
    assert pd.read_csv(files.csv)["r2"].tolist() == pytest.approx([0.5, 0.6, 0.75, 0.85])
    assert files.markdown.read_text() == study_markdown(STUDY, "90 samples.", results)
    assert files.plot.read_bytes().startswith(b"\x89PNG")
