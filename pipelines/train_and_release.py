"""Data to released model: ingest, preprocess, train, evaluate, then release or reject.

``make pipelines`` compiles this to Kubeflow IR YAML; ``matops run`` runs the same YAML here.
"""

from typing import Any, NamedTuple

from kfp import dsl

from components.evaluate import evaluate
from components.ingest import ingest
from components.on_cluster import (
    ENDS_WITHIN_S,
    GPU_NODES,
    KEPT_S,
    SET,
    Accelerated,
    Room,
    accelerated,
    on_cluster,
)
from components.preprocess import preprocess
from components.reject import reject
from components.release import release
from components.train import train


class Decision(NamedTuple):
    """What the pipeline hands back."""

    accepted: bool
    evaluation: dsl.Artifact


@dsl.pipeline(
    name="train-and-release",
    description="Train a family's model on its versioned data; release it if every gate passes.",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=KEPT_S, active_deadline_seconds=ENDS_WITHIN_S
    ),
)
def train_and_release(
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
) -> Decision:
    """Train a model and release it if every gate passes.

    Args:
        family: family of the model.
        preset: configuration preset, ``demo`` or ``full``.
        source: ``simulation``, a path, or empty for the data that is there already.
        changes: JSON object of changed configuration fields, as in {"training.epochs": 50}.
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
    place = Accelerated(
        image=train_image,
        accelerator=train_accelerator,
        count=train_gpus,
        cpu=train_cpu,
        memory=train_memory,
        tolerations=train_tolerations,
        nodes=train_nodes,
    )
    data = on_cluster(ingest(family=family, preset=preset, source=source, changes=changes), room)
    prepared = on_cluster(
        preprocess(
            family=family,
            preset=preset,
            changes=changes,
            version=data.outputs["version"],
        ),
        room,
    )
    trained = on_cluster(
        train(
            family=family,
            preset=preset,
            changes=changes,
            init_from=init_from,
            processes=train_processes,
            version=data.outputs["version"],
            prepared=prepared.outputs["prepared"],
        )
    )
    accelerated(trained, place)
    judged = on_cluster(
        evaluate(
            family=family,
            preset=preset,
            changes=changes,
            prepared=prepared.outputs["prepared"],
            model=trained.outputs["model"],
        ),
        room,
    )
    with dsl.If(judged.outputs["accepted"] == True, name="accepted"):  # noqa: E712
        on_cluster(release(evaluation=judged.outputs["evaluation"]))
    with dsl.Else(name="rejected"):
        on_cluster(reject(evaluation=judged.outputs["evaluation"]))
    return Decision(judged.outputs["accepted"], judged.outputs["evaluation"])


PIPELINE = train_and_release
