"""Component: bring a source into the versioned data, and hand on the version."""

from typing import NamedTuple

from kfp import dsl

from components.step import step


@step
def ingest(
    family: str,
    preset: str,
    source: str,
    changes: str,
    dataset: dsl.Output[dsl.Dataset],
    pointer: dsl.Output[dsl.Artifact],
) -> NamedTuple("Data", [("version", str)]):  # type: ignore[valid-type]
    """Ingest ``source`` and check out the published dataset version.

    Args:
        family: family name.
        preset: preset that configures a simulation.
        source: ``simulation``, ``materials-project``, a path, or empty for the data that is there
            already.
        changes: JSON object of changed configuration fields.
        dataset: parts of the version; its metadata names it.
        pointer: ``data.dvc``, from which all data can be had elsewhere; a pod has no git.

    Returns:
        The version, by which later steps are cached.
    """
    from pathlib import Path

    from matops.entrypoints.data.ingestion import copy_parts, ingest_source

    data = ingest_source(family, preset, source, changes, Path(pointer.path))
    told = copy_parts(family, data, Path(dataset.path))
    dataset.metadata.update(told)
    pointer.metadata.update(told)
    return (told["version"],)
