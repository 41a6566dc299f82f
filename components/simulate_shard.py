"""Component: simulate a share of a campaign; the results stay in the workspace."""

from kfp import dsl

from components.step import step


@step
def simulate_shard(
    family: str,
    preset: str,
    changes: str,
    shard: int,
    shards: int,
    workers: int,
    metrics: dsl.Output[dsl.Metrics],
) -> int:
    """Simulate; the same shard again continues where it was interrupted.

    Args:
        family: family name.
        preset: preset that configures the simulation.
        changes: JSON object of changed configuration fields.
        shard: its number, from 0.
        shards: how many there are.
        workers: processes.
        metrics: samples, unusable ones among them, and seconds.

    Returns:
        The number of samples.
    """
    from matops.core.data.shard import Shard
    from matops.entrypoints.exploring.shards import simulate_shard as simulate

    told = simulate(family, preset, changes, Shard(shard, shards), workers)
    for name, value in told.items():
        metrics.log_metric(name, value)
    return int(told["simulated"])
