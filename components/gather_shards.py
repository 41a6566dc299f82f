"""Component: wait for all shards, and say what each of them did."""

from kfp import dsl

from components.step import step


@step
def gather_shards(
    finished: list[int], summary: dsl.Output[dsl.Markdown], metrics: dsl.Output[dsl.Metrics]
) -> None:
    """Summarise.

    Args:
        finished: samples of each shard.
        summary: the same as a table.
        metrics: shards, and samples in all.
    """
    from pathlib import Path

    from matops.entrypoints.exploring.shards import gather_shards as gather

    counts = [int(count) for count in finished]
    Path(summary.path).write_text(gather(counts))
    metrics.log_metric("shards", len(counts))
    metrics.log_metric("samples", sum(counts))
