"""Component: parse, featurize and split a dataset version."""

from kfp import dsl

from components.step import step


@step
def preprocess(
    family: str,
    preset: str,
    changes: str,
    version: str,
    prepared: dsl.Output[dsl.Dataset],
) -> None:
    """Prepare samples.

    Args:
        family: family name.
        preset: configuration preset.
        changes: JSON object of changed configuration fields.
        version: the dataset version. Its parts come from the store and not as an artifact: one of a
            step that ran has a new name, by which Kubeflow's cache would never find anything.
        prepared: records, features and split.
    """
    from pathlib import Path

    from matops.entrypoints.data.ingestion import version_at_hand
    from matops.entrypoints.learning.workflow import prepare_samples

    with version_at_hand(version) as parts:
        out = Path(prepared.path)
        summary = prepare_samples(family, preset, changes, parts, version, out)
    prepared.metadata.update(summary)
