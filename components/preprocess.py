"""Component: parse, featurize and split a dataset version."""

from kfp import dsl

from components.step import step


@step
def preprocess(
    family: str,
    preset: str,
    changes: str,
    version: str,
    dataset: dsl.Input[dsl.Dataset],
    prepared: dsl.Output[dsl.Dataset],
) -> None:
    """Prepare samples.

    Args:
        family: family name.
        preset: configuration preset.
        changes: JSON object of changed configuration fields.
        version: the dataset version.
        dataset: its parts.
        prepared: records, features and split.
    """
    from pathlib import Path

    from matops.entrypoints.learning.workflow import prepare_samples

    parts, out = Path(dataset.path), Path(prepared.path)
    summary = prepare_samples(family, preset, changes, parts, version, out)
    prepared.metadata.update(summary)
