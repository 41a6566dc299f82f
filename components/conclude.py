"""Component: remember what came of a retraining, so that the same data are not tried again."""

from kfp import dsl

from components.step import step


@step
def conclude(
    evaluation: dsl.Input[dsl.Artifact],
    summary: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Note the verdict, and name the old and the new data.

    Args:
        evaluation: the directory that evaluation wrote.
        summary: the verdict, and the versions of the data.
        metrics: ``accepted`` as 0 or 1, and the number of new rows.
    """
    from pathlib import Path

    from matops.entrypoints.learning.outcome import conclude

    measured, text = conclude(Path(evaluation.path))
    Path(summary.path).write_text(text)
    for name, value in measured.items():
        metrics.log_metric(name, value)
