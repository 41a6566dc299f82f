"""Component: run trials of a search until none is left, beside other workers."""

from components.step import step


@step
def run_trials(family: str, study: str, worker: int) -> int:
    """Run trials; the same worker again goes on with the trial that it had under way.

    Args:
        family: family name.
        study: name of the search.
        worker: its number, from 0.

    Returns:
        How many it ran.
    """
    from matops.entrypoints.exploring.tuning_workers import work_through

    return work_through(family, study, worker)
