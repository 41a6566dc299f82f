"""New data to a better model, where that pays: ingest, decide, then train and release or not.

This is the pipeline to schedule. Where there is nothing to do its one step says why, and it ends:
on a cluster each step costs two pods, and each branch one.
"""

from typing import Any, NamedTuple

from kfp import dsl

from components.conclude import conclude
from components.decide import decide
from components.on_cluster import ENDS_WITHIN_S, GPU_NODES, KEPT_S, SET, Room, on_cluster
from pipelines.train_and_release import train_and_release


class Retraining(NamedTuple):
    """What the pipeline hands back."""

    retrained: bool
    decision: dsl.Artifact


@dsl.pipeline(
    name="retrain-on-new-data",
    description="Ingest what is waiting; train, judge and release where enough has changed.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=KEPT_S, active_deadline_seconds=ENDS_WITHIN_S
    ),
)
def retrain_on_new_data(
    family: str = "elastic_cgcnn",
    preset: str = "full",
    source: str = "",
    changes: str = "{}",
    init_from: str = "",
    train_image: str = SET,
    train_accelerator: str = "nvidia.com/gpu",
    train_gpus: str = SET,
    train_cpu: str = SET,
    train_memory: str = SET,
    train_tolerations: list[dict[str, Any]] = GPU_NODES,
    train_nodes: dict[str, str] = {},  # noqa: B006
    train_processes: int = 1,
    step_cpu: str = SET,
    step_cpu_limit: str = SET,
    step_memory: str = SET,
) -> Retraining:
    """Retrain a family's model where that pays.

    Args:
        family: family of the model.
        preset: configuration preset; its ``retraining`` says what pays.
        source: ``simulation``, a path, or empty for what was ingested meanwhile.
        changes: JSON object of changed configuration fields.
        init_from: package, or version in the workspace, to start from; empty for none.
        train_image: image of the training step.
        train_accelerator: resource name of the accelerator.
        train_gpus: accelerators of the training step; 0 for none.
        train_cpu: processors of the training step.
        train_memory: memory of the training step, as in 16Gi.
        train_tolerations: taints of nodes on which training may run, as Kubernetes writes them.
        train_nodes: labels of the nodes on which training must run; empty for any.
        train_processes: processes that train each network together; as many as GPUs.
        step_cpu: processors that each step with data reserves, as in 500m or 4.
        step_cpu_limit: processors that it may use where nobody else does.
        step_memory: memory of each step with data, as in 8Gi.
    """
    room = Room(step_cpu, step_cpu_limit, step_memory)
    decided = on_cluster(decide(family=family, preset=preset, source=source, changes=changes), room)
    with dsl.If(decided.outputs["Output"] == True, name="pays"):  # noqa: E712
        trained = train_and_release(
            family=family,
            preset=preset,
            source="",
            changes=changes,
            init_from=init_from,
            train_image=train_image,
            train_accelerator=train_accelerator,
            train_gpus=train_gpus,
            train_cpu=train_cpu,
            train_memory=train_memory,
            train_tolerations=train_tolerations,
            train_nodes=train_nodes,
            train_processes=train_processes,
            step_cpu=step_cpu,
            step_cpu_limit=step_cpu_limit,
            step_memory=step_memory,
        )
        on_cluster(conclude(evaluation=trained.outputs["evaluation"]))
    return Retraining(decided.outputs["Output"], decided.outputs["decision"])


PIPELINE = retrain_on_new_data
