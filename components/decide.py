"""Component: decide whether a retraining pays; the decision is an artifact and metrics."""

from typing import NamedTuple

from kfp import dsl

from components.step import step


@step
def decide(
    family: str,
    preset: str,
    changes: str,
    version: str,
    dataset: dsl.Input[dsl.Dataset],
    decision: dsl.Output[dsl.Artifact],
    reasons: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> NamedTuple("Decision", [("retrain", bool)]):  # type: ignore[valid-type]
    """Compare the data with the champion's, and decide.

    Args:
        family: family name.
        preset: configuration preset.
        changes: JSON object of changed configuration fields.
        version: the dataset version that a retraining would use.
        dataset: its parts.
        decision: the decision as JSON.
        reasons: the decision, and every criterion with its limit and measured value.
        metrics: what was measured, and ``retrain`` as 0 or 1.

    Returns:
        Whether to retrain.
    """
    from pathlib import Path

    from matops.entrypoints.monitoring.decision_text import explain_considered
    from matops.entrypoints.monitoring.retraining import consider

    parts, out = Path(dataset.path), Path(decision.path)
    measured = consider(family, preset, changes, parts, version, out)
    Path(reasons.path).write_text(explain_considered(out))
    for name, value in measured.items():
        metrics.log_metric(name, value)
    return (bool(measured["retrain"]),)
