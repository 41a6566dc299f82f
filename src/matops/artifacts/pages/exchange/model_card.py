"""A package's card as a Hugging Face model card: Markdown under a head of YAML."""

import math
from collections.abc import Iterable, Mapping

from huggingface_hub import EvalResult, ModelCardData

from matops.artifacts.pages.exchange.publication import Publication
from matops.artifacts.pages.page import template
from matops.artifacts.pages.report import explain_domain, explain_verdict
from matops.core.quality.gate import Measurement

HUB_METRICS = {"r2": "r_squared", "spearman": "spearmanr"}
"""Names of the Hub for metrics that have another one here; the others keep theirs."""
LICENCE_UNKNOWN = "unknown"
"""The Hub's word where nobody stated a licence."""


def render_model_card(published: Publication) -> str:
    """The card as the Hub shows it; the same text for the same input."""
    card = published.card
    head = ModelCardData(
        license=published.stated.licence.lower() or LICENCE_UNKNOWN,
        library_name="matops",
        tags=["materials-science", card.family, *_targets(published), card.verdict.outcome],
        model_name=published.name,
        eval_results=list(eval_results(published)),
    )
    groups = card.data.groups
    body = template("model_card.md.j2").render(
        published=published,
        card=card,
        created=card.created.replace("T", " ").replace("+00:00", " UTC"),
        why=explain_verdict(card.verdict),
        parts=[(part, rows, groups.get(part, 0)) for part, rows in card.data.rows.items()],
        ranking={n: explain_domain(c) for n, c in card.domain.error_rank_correlation.items()},
        covered=_covered(published),
        lowest_coverage=_lowest_coverage(published),
    )
    return f"---\n{head.to_yaml()}\n---\n\n{body}"


def eval_results(published: Publication) -> Iterable[EvalResult]:
    """Every measurement as the Hub's model index has it, its unit in name and arguments."""
    card = published.card
    for name, measured in card.measurements.items():
        metric = name.rpartition(".")[2]
        yield EvalResult(
            task_type="regression",
            task_name=published.title,
            dataset_type=f"matops/{card.family}",
            dataset_name=f"test rows of {card.family}",
            dataset_split="test",
            dataset_revision=card.data.version,
            metric_type=HUB_METRICS.get(metric, metric),
            metric_name=f"{name} [{measured.unit}]",
            # JSON, which the Hub keeps it in, has no number that is not finite
            metric_value=measured.value if math.isfinite(measured.value) else "not finite",
            metric_args=dict(_arguments(measured)),
        )


def _arguments(measured: Measurement) -> Mapping[str, float | int | str]:
    ends = {"low": measured.low, "high": measured.high, "rows": measured.rows}
    known = {name: end for name, end in ends.items() if end is not None and math.isfinite(end)}
    return {"unit": measured.unit} | known


def _targets(published: Publication) -> list[str]:
    return [target.name for target in published.card.properties]


def _covered(published: Publication) -> dict[str, Measurement]:
    """Measured coverage of each property that has one."""
    measured = published.card.measurements
    names = {name: f"{name}.coverage" for name in _targets(published)}
    return {name: measured[metric] for name, metric in names.items() if metric in measured}


def _lowest_coverage(published: Publication) -> dict[str, Measurement]:
    """Of each target, the part of the test rows whose intervals hold least often."""
    by_part = published.card.coverage_by_part.items()
    parts = {name: (*part.by_predicted, *part.by_spread) for name, part in by_part}
    return {name: min(some, key=lambda m: m.value) for name, some in parts.items() if some}
