"""Simulations in shards, which share nothing but the workspace."""

from time import perf_counter

from matops.core.data.record import Quarantined
from matops.core.data.shard import Shard
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.ingestion import campaign, simulating
from matops.entrypoints.progress import log_progress


def number_shards(family: str, preset: str, changes: str, shards: int) -> list[int]:
    """Numbers of the shards of a campaign that makes sense.

    Raises:
        BadInput: no such family or preset, changes that don't fit, no shards, or no simulation.
    """
    simulating(family_config(family, preset, changes)[0])
    return list(range(Shard(0, shards).count))


def simulate_shard(
    family: str, preset: str, changes: str, shard: Shard, workers: int
) -> dict[str, float]:
    """Simulate a share of a family's campaign; it continues where it was interrupted.

    The records are not handed on: ingestion finds all simulations where the shards keep them.

    Returns:
        The number of simulated samples, of those that are unusable, and the seconds it took.
    """
    found, config = family_config(family, preset, changes)
    simulate = simulating(found).simulate
    report, start = log_progress(step_name(shard)), perf_counter()
    items = list(simulate(config, campaign(found), workers, report, shard))
    refused = sum(isinstance(item, Quarantined) for item in items)
    return {"simulated": len(items), "refused": refused, "seconds": perf_counter() - start}


def gather_shards(finished: list[int]) -> str:
    """What the shards did, as Markdown."""
    log_progress("gather")(len(finished), len(finished), f"{sum(finished)} in all")
    rows = "".join(f"| {shard} | {count:,} |\n" for shard, count in enumerate(finished))
    return f"| shard | samples |\n|---|---|\n{rows}"


def step_name(shard: Shard) -> str:
    """What a shard is called in logs and beside progress bars, counted from 1."""
    return f"shard-{shard.index + 1}"
