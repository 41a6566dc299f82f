"""Component: from the parts of all shards to the front, its confirmation and the report."""

from kfp import dsl

from components.step import step


@step
def merge_screening(
    family: str,
    package: str,
    count: int,
    seed: int,
    merit: str,
    confirm: int,
    changes: str,
    workers: int,
    finished: list[int],
    result: dsl.Output[dsl.Dataset],
    report: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Merge.

    Args:
        family: whose designs.
        package: version or directory of the model package that predicts.
        count: designs in all.
        seed: of the designs.
        merit: what to have most of; empty for the family's first merit.
        confirm: designs to simulate, spread over the costs of the front.
        changes: JSON object of changed fields of the designs.
        workers: processes of the simulations.
        finished: designs of each shard.
        result: tables and payloads of the front, and of what was confirmed.
        report: the page for the user interface.
        metrics: shards, designs, those on the front, out of domain and refused.
    """
    from pathlib import Path

    from matops.entrypoints.configuration import read_changes
    from matops.entrypoints.exploring.screening import ScreeningRequest, merge_shards, write_merged

    request = ScreeningRequest(family, package, count, seed, merit, confirm, read_changes(changes))
    done = merge_shards(request, workers)
    told = write_merged(done, Path(result.path), Path(report.path))
    result.metadata.update(told)
    metrics.log_metric("shards", len(finished))
    for name, value in told.items():
        metrics.log_metric(name, value)
