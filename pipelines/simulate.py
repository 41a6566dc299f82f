"""A campaign of simulations in shards, on many machines at once, and one ingestion of its results.

The shards keep what they finish in the workspace, each in a file of its own. The result is that
of ``matops ingest --source simulation``: the same records, and the same version of the data.
"""

from typing import NamedTuple

from kfp import dsl

from components.gather_shards import gather_shards
from components.ingest import ingest
from components.number_shards import number_shards
from components.on_cluster import ENDS_WITHIN_S, KEPT_S, SET, Room, on_cluster
from components.simulate_shard import simulate_shard


class Simulated(NamedTuple):
    """What the pipeline hands back."""

    pointer: dsl.Artifact


@dsl.pipeline(
    name="simulate",
    description="Simulate a family's samples in shards, then ingest all of them at once.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=KEPT_S, active_deadline_seconds=ENDS_WITHIN_S
    ),
)
def simulate(
    family: str = "elastic_cgcnn",
    preset: str = "full",
    changes: str = "{}",
    shards: int = 4,
    workers: int = 1,
    step_cpu: str = SET,
    step_cpu_limit: str = SET,
    step_memory: str = SET,
) -> Simulated:
    """Simulate in shards.

    Args:
        family: family whose samples are simulated.
        preset: configuration preset, ``demo`` or ``full``.
        changes: JSON object of changed configuration fields, as in {"simulation.count": 5000}.
        shards: into how many shares the campaign is split.
        workers: processes of each shard.
        step_cpu: processors that each step with data reserves, as in 500m or 4.
        step_cpu_limit: processors that it may use where nobody else does.
        step_memory: memory of each step with data, as in 8Gi.
    """
    room = Room(step_cpu, step_cpu_limit, step_memory)
    numbers = on_cluster(
        number_shards(family=family, preset=preset, changes=changes, shards=shards)
    )
    with dsl.ParallelFor(numbers.output, name="shards") as number:
        simulated = on_cluster(
            simulate_shard(
                family=family,
                preset=preset,
                changes=changes,
                shard=number,
                shards=shards,
                workers=workers,
            ),
            room,
        )
    gathered = on_cluster(gather_shards(finished=dsl.Collected(simulated.outputs["Output"])))
    data = on_cluster(
        ingest(family=family, preset=preset, source="simulation", changes=changes), room
    )
    data.after(gathered)
    return Simulated(data.outputs["pointer"])


PIPELINE = simulate
