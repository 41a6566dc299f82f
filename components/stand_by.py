"""Component: make it visible that there was nothing to do, and why."""

from typing import NamedTuple

from kfp import dsl

from components.step import step


@step
def stand_by(
    decision: dsl.Input[dsl.Artifact],
    reasons: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> NamedTuple("Outcome", [("place", str)]):  # type: ignore[valid-type]
    """Say why nothing was trained.

    Args:
        decision: the decision as JSON.
        reasons: every criterion with its limit and measured value.
        metrics: ``nothing_to_do`` = 1.

    Returns:
        An empty text, where a retraining says where its evaluation lies.
    """
    from pathlib import Path

    from matops.entrypoints.monitoring.decision_text import explain_considered

    Path(reasons.path).write_text(explain_considered(Path(decision.path)))
    metrics.log_metric("nothing_to_do", 1)
    return ("",)
