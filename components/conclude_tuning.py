"""Component: measure the best of a search on the outer rows, and write preset and report."""

from kfp import dsl

from components.step import step


@step
def conclude_tuning(
    family: str,
    study: str,
    finished: list[int],
    preset: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Conclude.

    Args:
        family: family name.
        study: name of the search.
        finished: trials of each worker.
        preset: the best configuration as a preset file; its metadata say what it is worth.
        report: the page for the user interface.
        metrics: workers, trials, errors in the search, and on rows that no trial has seen.
    """
    from pathlib import Path

    from matops.entrypoints.exploring.tuning_workers import conclude

    told = conclude(family, study, Path(preset.path), Path(report.path))
    preset.metadata.update(told)
    metrics.log_metric("workers", len(finished))
    for name, value in told.items():
        metrics.log_metric(name, value)
