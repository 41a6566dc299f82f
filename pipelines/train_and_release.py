"""Data to released model: ingest, preprocess, train, evaluate, then release or reject.

``make pipelines`` compiles this to Kubeflow IR YAML; ``matops run`` runs the same YAML here.
"""

from typing import NamedTuple

from kfp import dsl

from components.evaluate import evaluate
from components.image import IMAGE
from components.ingest import ingest
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
)
def train_and_release(
    family: str = "elastic_cgcnn",
    preset: str = "full",
    source: str = "",
    changes: str = "{}",
    init_from: str = "",
    train_image: str = IMAGE,
    train_accelerator: str = "nvidia.com/gpu",
    train_gpus: str = "1",
    train_cpu: str = "4",
    train_memory: str = "16Gi",
    train_processes: int = 1,
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
        train_cpu: CPU limit of the training step.
        train_memory: memory limit of the training step.
        train_processes: processes that train each network together; as many as GPUs.
    """
    data = ingest(family=family, preset=preset, source=source, changes=changes)
    data.set_caching_options(False)
    prepared = preprocess(
        family=family, preset=preset, changes=changes, dataset=data.outputs["dataset"]
    )
    trained = train(
        family=family,
        preset=preset,
        changes=changes,
        init_from=init_from,
        processes=train_processes,
        prepared=prepared.outputs["prepared"],
    )
    trained.set_container_image(train_image)
    trained.set_accelerator_type(train_accelerator).set_accelerator_limit(train_gpus)
    trained.set_cpu_limit(train_cpu).set_memory_limit(train_memory)
    judged = evaluate(
        family=family,
        preset=preset,
        changes=changes,
        prepared=prepared.outputs["prepared"],
        model=trained.outputs["model"],
    )
    judged.set_caching_options(False)
    with dsl.If(judged.outputs["accepted"] == True, name="accepted"):  # noqa: E712
        release(evaluation=judged.outputs["evaluation"]).set_caching_options(False)
    with dsl.Else(name="rejected"):
        reject(evaluation=judged.outputs["evaluation"])
    return Decision(judged.outputs["accepted"], judged.outputs["evaluation"])


PIPELINE = train_and_release
