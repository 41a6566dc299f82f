"""Component: begin a search in the workspace, queue its trials, and number its workers."""

from components.step import step


@step
def begin_tuning(
    family: str,
    space: str,
    preset: str,
    changes: str,
    study: str,
    trials: int,
    seed: int,
    folds: int,
    held_out: int,
    workers: int,
    version: str,
) -> list[int]:
    """Check what is asked before anything is trained, and keep samples and queued trials.

    Args:
        family: family name.
        space: one of the family's, or a file in the workspace; empty for its first.
        preset: configuration to improve; empty for the space's.
        changes: JSON object of changed configuration fields, the same in all trials.
        study: name of the search.
        trials: how many in all; a larger number extends an earlier search.
        seed: of folds and suggestions.
        folds: inner folds of the training groups.
        held_out: how many of them each trial holds out; 0 for all.
        workers: how many run trials side by side.
        version: the dataset version.

    Returns:
        The workers' numbers, from 0.
    """
    from matops.entrypoints.configuration import read_changes
    from matops.entrypoints.exploring.tuning import TuningRequest
    from matops.entrypoints.exploring.tuning_workers import begin_workers

    request = TuningRequest(
        family,
        space,
        preset,
        read_changes(changes),
        source="",
        study=study,
        seed=seed,
        folds=folds,
        held_out=held_out or None,
        prune=True,
    )
    return begin_workers(request, version, trials, workers)
