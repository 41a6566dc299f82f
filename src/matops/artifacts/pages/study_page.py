"""The result of a study on disk: a table for programs, one for people, and a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from matops.artifacts.pages.plots.study import METRICS, draw_study
from matops.artifacts.pages.plots.style import quantity, save_png
from matops.core.exploring.study import POOLED, Study, VariantResult
from matops.core.quality.gate import Measurement

CSV, MARKDOWN, PLOT = "table.csv", "table.md", "plot.png"
COSTS = ("train_groups", "draws", "members", "weights", "seconds_per_member", "seconds_per_epoch")


@dataclass(frozen=True)
class StudyFiles:
    """Where the result of a study lies."""

    csv: Path
    markdown: Path
    plot: Path


@dataclass(frozen=True)
class ResultTable:
    """A part of a study's result, for people."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def result_table(results: Sequence[VariantResult]) -> pd.DataFrame:
    """One row a variant and target, with the ends of the 95 % intervals."""
    return pd.DataFrame(
        [
            {
                "variant": result.variant.label,
                "series": result.variant.series,
                "x": result.variant.x,
                "target": target,
                **{name: getattr(result, name) for name in COSTS},
                **_columns(errors),
            }
            for result in results
            for target, errors in result.errors.items()
        ]
    )


def _columns(errors: Mapping[str, Measurement]) -> dict[str, float | str | None]:
    ends = {"": "value", "_low": "low", "_high": "high", "_unit": "unit"}
    return {name + end: getattr(m, of) for name, m in errors.items() for end, of in ends.items()}


def _cell(name: str, m: Measurement) -> str:
    digits = ".4f" if name == "r2" else ".4g"
    return f"{m.value:{digits}} ({m.low:{digits}} to {m.high:{digits}})"


def _error_table(target: str, results: Sequence[VariantResult]) -> ResultTable:
    first = results[0].errors[target]
    shown = [name for name in METRICS if name in first]
    if first["mae_scaled" if "mae_scaled" in first else "mae"].unit == first["mae"].unit:
        shown = [name for name in shown if name != "mae_scaled"]
    headings = [quantity(METRICS[name], first[name].unit) for name in shown]
    rows = []
    for result in results:
        cells = [_cell(name, result.errors[target][name]) for name in shown]
        rows.append((result.variant.label, str(result.train_groups), *cells))
    heading = "All targets" if target == POOLED else target
    return ResultTable(heading, ("variant", "training groups", *headings), rows)


def _cost_table(results: Sequence[VariantResult]) -> ResultTable:
    rows = []
    for r in results:
        epoch = "" if r.seconds_per_epoch is None else f"{r.seconds_per_epoch:.3g}"
        seconds = (epoch, f"{r.seconds_per_member:.3g}")
        rows.append((r.variant.label, str(r.members), str(r.draws), f"{r.weights:,}", *seconds))
    headings = ("variant", "members", "draws", "weights", "s an epoch", "s a member")
    return ResultTable("Cost", headings, rows)


def result_tables(results: Sequence[VariantResult]) -> list[ResultTable]:
    """Errors with their 95 % intervals, a table a target, and what each variant costs."""
    targets = sorted(results[0].errors, key=lambda target: target != POOLED)
    return [*(_error_table(target, results) for target in targets), _cost_table(results)]


def study_words(study: Study, setting: str) -> str:
    """What is asked, of which data, and what the numbers mean."""
    return (
        f"{study.name}: {study.question}\n\n{setting}\n"
        "Every sample is predicted by networks that have seen no sample of its group;\n"
        "in brackets 95 % intervals over the groups."
    )


def study_markdown(study: Study, setting: str, results: Sequence[VariantResult]) -> str:
    """The words and tables of a study as one page."""
    lines = [f"# {study_words(study, setting)}"]
    for table in result_tables(results):
        ruler = ["---"] * len(table.columns)
        lines += ["", f"## {table.heading}", ""]
        lines += [f"| {' | '.join(row)} |" for row in (table.columns, ruler, *table.rows)]
    return "\n".join(lines) + "\n"


def write_study(
    out: Path, study: Study, setting: str, results: Sequence[VariantResult]
) -> StudyFiles:
    """Write table and plot of a study; ``setting`` is one sentence on data and folds."""
    out.mkdir(parents=True, exist_ok=True)
    files = StudyFiles(out / CSV, out / MARKDOWN, out / PLOT)
    result_table(results).to_csv(files.csv, index=False)
    files.markdown.write_text(study_markdown(study, setting, results), encoding="utf-8")
    save_png(draw_study(study, results), files.plot)
    return files
