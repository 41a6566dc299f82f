"""Component: calibrate, measure, judge; the verdict is an artifact and a metric."""

from typing import NamedTuple

from kfp import dsl

from components.step import step


@step
def evaluate(
    family: str,
    preset: str,
    changes: str,
    prepared: dsl.Input[dsl.Dataset],
    model: dsl.Input[dsl.Model],
    evaluation: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    parity: dsl.Output[dsl.HTML],
    verdict: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> NamedTuple("Decision", [("accepted", bool)]):  # type: ignore[valid-type]
    """Evaluate a trained model against the gates and the champion.

    Args:
        family: family name.
        preset: configuration preset.
        changes: JSON object of changed configuration fields.
        prepared: records, features and split.
        model: weights and training log.
        evaluation: candidate package, report and test predictions.
        report: the report for the user interface.
        parity: predicted against true values of the test rows.
        verdict: every gate with its limit and measured value.
        metrics: every measurement, and ``accepted`` as 0 or 1.

    Returns:
        Whether the candidate may be released.
    """
    import shutil
    from pathlib import Path

    from matops.entrypoints.learning.workflow import evaluate_model

    out = Path(evaluation.path)
    outcome = evaluate_model(family, preset, changes, Path(prepared.path), Path(model.path), out)
    shutil.copyfile(out / "report.html", report.path)
    shutil.copyfile(out / "parity.html", parity.path)
    Path(verdict.path).write_text(outcome.markdown)
    for name, value in outcome.metrics.items():
        metrics.log_metric(name, value)
    return (outcome.accepted,)
