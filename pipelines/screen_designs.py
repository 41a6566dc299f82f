"""Many designs predicted in shards, on many machines at once, and the front of the best.

The shards write the table's parts into the workspace, no two of them the same. The result is that
of ``matops screen``: the same table, and the same front.
"""

from typing import NamedTuple

from kfp import dsl

from components.begin_screening import begin_screening
from components.merge_screening import merge_screening
from components.on_cluster import ENDS_WITHIN_S, KEPT_S, SET, Room, on_cluster
from components.screen_shard import screen_shard


class Screened(NamedTuple):
    """What the pipeline hands back."""

    result: dsl.Dataset


@dsl.pipeline(
    name="screen-designs",
    description="Predict a family's designs in shards, then find the front of the best.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=KEPT_S, active_deadline_seconds=ENDS_WITHIN_S
    ),
)
def screen_designs(
    family: str = "nanoporous_cnn3d",
    package: str = "",
    count: int = 100_000,
    seed: int = 0,
    merit: str = "",
    confirm: int = 0,
    changes: str = "{}",
    shards: int = 4,
    workers: int = 1,
    step_cpu: str = SET,
    step_cpu_limit: str = SET,
    step_memory: str = SET,
) -> Screened:
    """Screen in shards.

    Args:
        family: family whose designs are screened.
        package: version or directory of the model package that predicts; empty for the champion.
        count: designs in all; a larger number extends an earlier screening.
        seed: seed of the designs.
        merit: what the best designs have most of; empty for the family's first merit.
        confirm: designs to simulate, spread over the costs of the front.
        changes: JSON object of changed fields of the designs, as in {"simulation.metal": "Au"}.
        shards: into how many shares the designs are split; one has 500 designs or more.
        workers: processes of each shard, and of the simulations.
        step_cpu: processors that each step with data reserves, as in 500m or 4.
        step_cpu_limit: processors that it may use where nobody else does.
        step_memory: memory of each step with data, as in 8Gi.
    """
    room = Room(step_cpu, step_cpu_limit, step_memory)
    begun = on_cluster(
        begin_screening(
            family=family,
            package=package,
            count=count,
            seed=seed,
            merit=merit,
            confirm=confirm,
            changes=changes,
            shards=shards,
        )
    )
    with dsl.ParallelFor(begun.output, name="shards") as number:
        screened = on_cluster(
            screen_shard(
                family=family,
                package=package,
                count=count,
                seed=seed,
                changes=changes,
                shard=number,
                shards=shards,
                workers=workers,
            ),
            room,
        )
    merged = on_cluster(
        merge_screening(
            family=family,
            package=package,
            count=count,
            seed=seed,
            merit=merit,
            confirm=confirm,
            changes=changes,
            workers=workers,
            finished=dsl.Collected(screened.output),
        ),
        room,
    )
    return Screened(merged.outputs["result"])


PIPELINE = screen_designs
