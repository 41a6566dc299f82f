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
    pointer: dsl.Output[dsl.Artifact],
) -> NamedTuple("Data", [("version", str)]):  # type: ignore[valid-type]
    """Ingest ``source`` and hand on the published version of the data.

    Args:
        family: family name.
        preset: preset that configures a simulation.
        source: ``simulation``, ``materials-project``, a path, or empty for the data that is there
            already.
        changes: JSON object of changed configuration fields.
        pointer: ``data.dvc``, from which all data can be had elsewhere; a pod has no git. Its
            metadata names the version.

    Returns:
        The version, by which later steps get the data and are cached.
    """
    from pathlib import Path

    from matops.entrypoints.data.ingestion import ingest_source

    data = ingest_source(family, preset, source, changes, Path(pointer.path))
    pointer.metadata.update({"family": family, "version": data.version})
    return (data.version,)
