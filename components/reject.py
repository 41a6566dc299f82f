"""Component: make a rejection visible; a pipeline whose gate stays shut ends as succeeded."""

from kfp import dsl

from components.step import step


@step
def reject(
    evaluation: dsl.Input[dsl.Artifact],
    reasons: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Say which gates stood against the release.

    Args:
        evaluation: the directory that evaluation wrote.
        reasons: the failed gates.
        metrics: ``rejected`` = 1 and the number of failed gates.
    """
    from pathlib import Path

    from matops.entrypoints.learning.outcome import rejection

    failed, text = rejection(Path(evaluation.path))
    Path(reasons.path).write_text(text)
    metrics.log_metric("rejected", 1)
    metrics.log_metric("failed_gates", failed)
