"""Component: train the ensemble; the only step that asks for a GPU."""

from functools import partial

from kfp import dsl

from components.step import TRAIN_IMAGE, step


@partial(step, image=TRAIN_IMAGE)
def train(
    family: str,
    preset: str,
    changes: str,
    init_from: str,
    version: str,
    processes: int,
    prepared: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
) -> None:
    """Train on the training rows.

    Args:
        family: family name.
        preset: configuration preset.
        changes: JSON object of changed configuration fields.
        init_from: package, or version in the workspace, from which to start; empty for none.
        version: the dataset version, without which an earlier model would be taken from cache.
        processes: how many train each network together, as on as many GPUs.
        prepared: records, features and split.
        model: weights and training log.
    """
    from pathlib import Path

    from matops.entrypoints.learning.workflow import train_model

    samples, out = Path(prepared.path), Path(model.path)
    trained = train_model(family, preset, changes, samples, out, init_from, processes=processes)
    model.metadata.update(trained)
