"""A search by several workers on many machines, and the best configuration as a preset file.

The workers take queued trials from one storage: a journal in the workspace, or a database. What
comes of it is what ``matops tune`` with as many processes finds.
"""

from typing import NamedTuple

from kfp import dsl

from components.begin_tuning import begin_tuning
from components.conclude_tuning import conclude_tuning
from components.ingest import ingest
from components.on_cluster import ENDS_WITHIN_S, KEPT_S, SET, Room, on_cluster
from components.run_trials import run_trials


class Tuned(NamedTuple):
    """What the pipeline hands back."""

    preset: dsl.Artifact


@dsl.pipeline(
    name="tune",
    description="Search for a family's hyperparameters by workers side by side.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=KEPT_S, active_deadline_seconds=ENDS_WITHIN_S
    ),
)
def tune(
    family: str = "elastic_cgcnn",
    preset: str = "",
    source: str = "",
    changes: str = "{}",
    space: str = "",
    study: str = "search",
    trials: int = 20,
    seed: int = 0,
    folds: int = 4,
    held_out: int = 0,
    workers: int = 4,
    step_cpu: str = SET,
    step_cpu_limit: str = SET,
    step_memory: str = SET,
) -> Tuned:
    """Search.

    Args:
        family: family whose configuration is improved.
        preset: configuration to improve; empty for the space's.
        source: ``simulation``, a path, or empty for the data that is there already.
        changes: JSON object of changed configuration fields, the same in all trials.
        space: one of the family's, or a file in the workspace; empty for its first.
        study: name of the search; the same again goes on.
        trials: how many in all; a larger number extends an earlier search.
        seed: of folds and suggestions.
        folds: inner folds of the training groups.
        held_out: how many of them each trial holds out; 0 for all.
        workers: how many run trials side by side, one at a time each.
        step_cpu: processors that each step with data reserves, as in 500m or 4.
        step_cpu_limit: processors that it may use where nobody else does.
        step_memory: memory of each step with data, as in 8Gi.
    """
    room = Room(step_cpu, step_cpu_limit, step_memory)
    data = on_cluster(ingest(family=family, preset="full", source=source, changes=changes), room)
    begun = on_cluster(
        begin_tuning(
            family=family,
            space=space,
            preset=preset,
            changes=changes,
            study=study,
            trials=trials,
            seed=seed,
            folds=folds,
            held_out=held_out,
            workers=workers,
            version=data.outputs["version"],
        ),
        room,
    )
    with dsl.ParallelFor(begun.output, name="workers") as worker:
        ran = on_cluster(run_trials(family=family, study=study, worker=worker), room)
    concluded = on_cluster(
        conclude_tuning(family=family, study=study, finished=dsl.Collected(ran.output)), room
    )
    return Tuned(concluded.outputs["preset"])


PIPELINE = tune
