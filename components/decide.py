"""Component: bring a source into the versioned data, and decide whether a retraining pays.

Both are one step: where nothing is new, starting a pod costs more than all that is done in it.
"""

from kfp import dsl

from components.step import step


@step
def decide(
    family: str,
    preset: str,
    source: str,
    changes: str,
    pointer: dsl.Output[dsl.Artifact],
    decision: dsl.Output[dsl.Artifact],
    reasons: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> bool:
    """Ingest ``source``, compare the data with the champion's, and decide.

    Args:
        family: family name.
        preset: configuration preset.
        source: ``simulation``, ``materials-project``, a path, or empty for the data that is there
            already.
        changes: JSON object of changed configuration fields.
        pointer: ``data.dvc``, from which all data can be had elsewhere; a pod has no git.
        decision: the decision as JSON.
        reasons: the decision, and every criterion with its limit and measured value.
        metrics: what was measured, and ``retrain`` as 0 or 1.

    Returns:
        Whether to retrain.
    """
    from pathlib import Path

    from matops.entrypoints.data.ingestion import ingest_source
    from matops.entrypoints.monitoring.decision_text import explain_considered
    from matops.entrypoints.monitoring.retraining import consider

    out = Path(decision.path)
    data = ingest_source(family, preset, source, changes, Path(pointer.path))
    pointer.metadata.update({"family": family, "version": data.version})
    measured = consider(family, preset, changes, data, out)
    Path(reasons.path).write_text(explain_considered(out))
    for name, value in measured.items():
        metrics.log_metric(name, value)
    return bool(measured["retrain"])
