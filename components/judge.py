"""Component: one look at the release under way, and what follows from it."""

from kfp import dsl

from components.step import step


@step
def judge(
    family: str,
    decision: dsl.Output[dsl.Artifact],
    reasons: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Judge the candidate on what it met, and move its share of the traffic.

    Args:
        family: family name.
        decision: the decision with its evidence as JSON; empty where no release is under way.
        reasons: the decision, and every check with its limit and measured value.
        metrics: ``under_way`` as 0 or 1, and the candidate's share in percent.
    """
    from pathlib import Path

    from matops.entrypoints.release.judging import look_at_release

    measured, text = look_at_release(family, Path(decision.path))
    Path(reasons.path).write_text(text)
    for name, value in measured.items():
        metrics.log_metric(name, value)
