"""The evaluation report of a trained model: one HTML page that needs nothing else."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from matops.artifacts.data.doubtful import Doubtful
from matops.artifacts.model.model import LearningPoint, TrainingLog
from matops.artifacts.pages.page import format_number, template
from matops.artifacts.pages.plots import held_out as plots
from matops.artifacts.pages.plots.points import select_points
from matops.artifacts.pages.plots.samples import draw_views
from matops.artifacts.pages.plots.style import to_svg
from matops.artifacts.pages.plots.training import draw_learning_curve, draw_training
from matops.core.data.record import Payload, Record
from matops.core.data.target import Target
from matops.core.quality.card import Card
from matops.core.quality.gate import Measurement, Verdict
from matops.core.quality.picture import View

WORST = 10
RANKS_ABOVE = 0.2
"""Rank correlation of domain score and error below which the score says next to nothing."""
SHOWN_CHARACTERS = 4000
"""Of a record's sample; a large one is cut."""
FLAT_BELOW = 0.05
NOBODY_LOOKED = Doubtful()
PARTS_OF = {"by_predicted": "predicted value", "by_spread": "spread"}
"""Classes of test rows for which coverage is measured."""
SUMMARY = {
    "mae": "MAE, learning scale",
    "mae_physical": "MAE, physical unit",
    "rmse": "RMSE, learning scale",
    "r2": "R²",
    "spearman": "Spearman rank correlation",
    "coverage": "Coverage of the intervals",
    "interval_half_width": "Median half width of the intervals",
}


def explain_verdict(verdict: Verdict) -> str:
    """One line on why a model is accepted or rejected."""
    count, failed = len(verdict.results), verdict.failures
    if not verdict.results:
        return "No gate was applied: a model that nobody measured is not released."
    if not failed:
        return "The only gate holds." if count == 1 else f"All {count} gates hold."
    names = ", ".join(result.gate.name for result in failed)
    verb = "does" if len(failed) == 1 else "do"
    return f"{len(failed)} of {count} gates {verb} not hold: {names}."


def explain_error(target: Target, measurement: Measurement | None) -> str:
    """An error on a log10 scale as the factor that it means; empty for other scales."""
    if target.scale != "log10" or measurement is None or not abs(measurement.value) < 10:
        return ""
    return f"a factor of {10**measurement.value:.3g}"


def _fall_per_doubling(curve: Sequence[LearningPoint], name: str) -> float | None:
    """Share by which the MAE falls when rows double, from a straight line in log-log."""
    points = [(p.rows, p.mae[name]) for p in curve if p.rows > 0 and p.mae.get(name, 0.0) > 0]
    logs = np.log2(np.array(points, dtype=float).reshape(-1, 2))
    logs = logs[np.isfinite(logs).all(axis=1)]
    if len(set(logs[:, 0].tolist())) < 2:
        return None
    return float(1 - 2 ** np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def explain_learning_curve(curve: Sequence[LearningPoint], targets: Sequence[Target]) -> str:
    """One sentence on what more training data would bring."""
    fitted = {target.name: _fall_per_doubling(curve, target.name) for target in targets}
    falls = {name: fall for name, fall in fitted.items() if fall is not None}
    if not falls:
        return "Fewer than two training sizes were tried, so nothing can be said on more data."
    changes = ", ".join(
        f"{'−' if fall >= 0 else '+'}{abs(fall):.0%} for {name}" for name, fall in falls.items()
    )
    if min(falls.values()) > FLAT_BELOW:
        advice = "more data of this kind should still help"
    elif max(falls.values()) > FLAT_BELOW:
        advice = "more data of this kind should help some targets, and others hardly"
    else:
        advice = "more data of this kind would hardly help"
    return f"Each doubling of the training rows changed the MAE by {changes}: {advice}."


def worst_rows(target: Target, rows: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of one target with the largest error on the learning scale; not finite first."""
    own = rows[rows["target"] == target.name]
    with np.errstate(all="ignore"):
        predicted = target.to_scale(own["predicted"].to_numpy(dtype=float))
        error = predicted - target.to_scale(own["truth"].to_numpy(dtype=float))
    size = np.where(np.isfinite(error), np.abs(error), np.inf)
    order = np.argsort(-size, kind="stable")[:WORST]
    worst = own.assign(error=error).iloc[order].to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in worst]


def explain_domain(correlation: float | None) -> str:
    """Whether the domain score ranks the errors of a target; empty where nobody knows."""
    if correlation is None or not np.isfinite(correlation):
        return ""
    if correlation >= RANKS_ABOVE:
        return f"It ranks them here: rank correlation {format_number(correlation)}."
    return (
        f"Here it does not rank them: rank correlation {format_number(correlation)}. Within the "
        "domain, take a small score for no sign of a small error."
    )


def _chance(card: Card, metric: str) -> Measurement | None:
    """What was measured, where a gate judges what chance could have made of it."""
    return card.measurements.get(metric.removesuffix("_high")) if metric.endswith("_high") else None


def _cited(
    records: Sequence[Record],
    ids: Iterable[str],
    picture: Callable[[Payload], Sequence[View]],
) -> list[dict[str, str]]:
    """The records with these ids, with their samples as pictures and as text."""
    by_id = {record.id: record for record in records}
    cited = []
    for record in (by_id[name] for name in ids if name in by_id):
        sample = json.dumps(record.payload, ensure_ascii=False)
        cut = " …" if len(sample) > SHOWN_CHARACTERS else ""
        stated = record.provenance
        made = ", ".join(x for x in (stated.engine, stated.method, stated.date) if x)
        cited.append(
            {
                "id": record.id,
                "group": record.group,
                "origin": f"{stated.source}: {stated.origin}",
                "made": made,
                "licence": stated.licence,
                "picture": draw_views(picture(record.payload)),
                "sample": sample[:SHOWN_CHARACTERS] + cut,
            }
        )
    return cited


def _section(card: Card, rows: pd.DataFrame, index: int) -> dict[str, Any]:
    """What the page shows of one property: figures as SVG, and the worst test rows.

    A derived quantity repeats the targets' errors: of it the intervals are shown.
    """
    target = card.properties[index]
    points = select_points(target, rows)
    coverage = card.measurements.get(f"{target.name}.coverage")
    correlation = card.domain.error_rank_correlation.get(target.name)
    figures = {
        "parity": plots.draw_parity(points),
        "calibration": plots.draw_calibration(points, card.calibration.coverage, coverage),
    }
    is_derived = target in card.derived
    if not is_derived:
        figures["residuals"] = plots.draw_residuals(points)
        figures["domain"] = plots.draw_domain_error(points, correlation)
    drawn = {name: to_svg(figure, f"{name}{index}") for name, figure in figures.items()}
    return {
        "target": target,
        "figures": drawn,
        "worst": [] if is_derived else worst_rows(target, rows),
        "ranking": explain_domain(correlation),
    }


def render_report(
    card: Card,
    rows: pd.DataFrame,
    log: TrainingLog,
    title: str,
    paper: str,
    records: Sequence[Record] = (),
    picture: Callable[[Payload], Sequence[View]] = lambda payload: (),
    doubtful: Doubtful = NOBODY_LOOKED,
) -> str:
    """The report as one self-contained page, the same text for the same input.

    ``rows`` has one row a test sample and property: id, group, target, truth, predicted, lower,
    upper (physical units), domain_score and out_of_domain, and where a sample is from: source,
    origin. ``paper`` is what the family follows; of the ``records``, the worst and the first
    ``doubtful`` are shown whole, as ``picture`` shows their samples.
    """
    curve, data = log.learning_curve, card.data
    shown = {f"{target.name}.{metric}" for target in card.properties for metric in SUMMARY}
    learning = to_svg(draw_learning_curve(curve, card.targets), "learning") if curve else None
    sections = [_section(card, rows, i) for i in range(len(card.properties))]
    named = [row["id"] for section in sections for row in section["worst"]]
    named += [record.id for record, _ in doubtful.records]
    return template("report.html.j2").render(
        card=card,
        title=title,
        paper=paper,
        created=card.created.replace("T", " ").replace("+00:00", " UTC"),
        why=explain_verdict(card.verdict),
        sections=sections,
        cited=_cited(records, dict.fromkeys(named), picture),
        doubtful=doubtful,
        parts_of=PARTS_OF,
        chance={r.gate.metric: _chance(card, r.gate.metric) for r in card.verdict.results},
        summary=SUMMARY,
        explain_error=explain_error,
        others={name: m for name, m in card.measurements.items() if name not in shown},
        parts=[(part, rows, data.groups.get(part, 0)) for part, rows in data.rows.items()],
        members=len({epoch.member for epoch in log.epochs}),
        training=to_svg(draw_training(log.epochs), "training") if log.epochs else None,
        learning=learning,
        learning_text=explain_learning_curve(curve, card.targets),
        configuration=json.dumps(card.configuration, indent=2, ensure_ascii=False, default=str),
    )
