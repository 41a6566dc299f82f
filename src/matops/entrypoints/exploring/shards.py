"""Simulations in shards, which share nothing but the workspace."""

from time import perf_counter

from matops.core.data.record import Quarantined
from matops.core.data.shard import Shard
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.ingestion import campaign, simulating
from matops.entrypoints.progress import log_progress
from matops.entrypoints.tables import markdown_table


def number_shards(family: str, preset: str, changes: str, shards: int) -> list[int]:
    """Numbers of the shards of a campaign; BadInput where it makes no sense."""
    simulating(family_config(family, preset, changes)[0])
    return list(range(Shard(0, shards).count))


def simulate_shard(
    name: str, preset: str, changes: str, shard: Shard, workers: int
) -> dict[str, float]:
    """Simulate a share of a family's campaign, where it was interrupted too, and count.

    The records are not handed on: ingestion finds all simulations where the shards keep them.
    """
    family, config = family_config(name, preset, changes)
    simulate = simulating(family).simulate
    report, start = log_progress(step_name(shard)), perf_counter()
    items = list(simulate(config, campaign(family), workers, report, shard))
    refused = sum(isinstance(item, Quarantined) for item in items)
    return {"simulated": len(items), "refused": refused, "seconds": perf_counter() - start}


def gather_shards(finished: list[int]) -> str:
    """What the shards did, as Markdown."""
    log_progress("gather")(len(finished), len(finished), f"{sum(finished)} in all")
    rows = ((str(shard), f"{count:,}") for shard, count in enumerate(finished))
    return markdown_table(("shard", "samples"), rows)


def step_name(shard: Shard) -> str:
    """What a shard is called in logs and beside progress bars, counted from 1."""
    return f"shard-{shard.index + 1}"
