"""Ingestion with its adapters joined on: from a source to the workspace's versioned data.

Nothing that trains or judges is imported: where there is nothing to do, the step is soon over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from matops.artifacts.data.quarantine import add_to_quarantine
from matops.core.data.record import Provenance
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig, Incoming, Simulates, TakesFromDatabases
from matops.core.progress import Progress
from matops.entrypoints.configuration import family_config
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import dataset_store, dataset_versions, materials_database
from matops.steps.data.database import read_database
from matops.steps.data.ingest import IngestReport, ingest
from matops.steps.ports import DatasetVersion

SIMULATION = "simulation"
MATERIALS_PROJECT = "materials-project"
SIFTED = (SIMULATION, MATERIALS_PROJECT)
"""Sources that hold unusable records as a matter of course; refusing those is no error."""


def open_source(
    family: Family, config: FamilyConfig, source: str, stated: Provenance, progress: Progress
) -> Incoming:
    """The records of ``simulation``, ``materials-project`` or a path; BadInput without such."""
    settings = read_settings()
    if source == SIMULATION:
        simulate = simulating(family).simulate
        return simulate(config, campaign(family), settings.workers, progress)
    if source == MATERIALS_PROJECT:
        if not isinstance(family, TakesFromDatabases):
            raise BadInput(f"{family.name} takes nothing from a database; {_sources(family)}")
        return read_database(family, config, materials_database(settings), progress)
    return _counted(family.read(Path(source), stated), progress)


def simulating(family: Family) -> Simulates:
    """The family as one that simulates; BadInput where it does not."""
    if not isinstance(family, Simulates):
        raise BadInput(f"{family.name} has no simulation; {_sources(family)}")
    return family


def _sources(family: Family) -> str:
    return f"its sources are: {', '.join(form.name for form in family.sources)}"


def _counted(incoming: Incoming, progress: Progress) -> Incoming:
    for count, item in enumerate(incoming, start=1):
        progress(count, count, "records")
        yield item


def ingest_into_workspace(
    family: Family, config: FamilyConfig, source: str, stated: Provenance, progress: Progress
) -> IngestReport:
    """Ingest a source into the workspace's versioned data.

    Raises:
        BadInput: the source can't be read, holds nothing usable, or the data can't be stored.
    """
    dated = stated.date or datetime.now(UTC).date().isoformat()
    incoming = open_source(family, config, source, replace(stated, date=dated), progress)
    set_aside = partial(add_to_quarantine, quarantine_file(family))
    return ingest(family, incoming, dataset_store(read_settings()), set_aside)


def campaign(family: Family) -> Path:
    """Where the workspace keeps a family's finished simulations."""
    return read_settings().kept / "campaigns" / family.name


def quarantine_file(family: Family) -> Path:
    """Where the workspace keeps a family's refused records."""
    return read_settings().kept / "quarantine" / f"{family.name}.jsonl"


def current_data(family: Family) -> DatasetVersion:
    """The workspace's published version of a family's data; BadInput while there is none."""
    data = dataset_store(read_settings()).checkout(family)
    if data is None:
        name, source = family.name, SIMULATION if isinstance(family, Simulates) else "PATH"
        raise BadInput(f"{name} has no data here yet; try: matops ingest {name} --source {source}")
    return data


def ingest_source(
    name: str, preset: str, source: str, changes: str, pointer: Path
) -> DatasetVersion:
    """Ingest a source, if one is given, and return the version that is published then.

    ``pointer`` gets the file from which they can be had elsewhere: a pod has no git to keep it.
    """
    family, config = family_config(name, preset, changes)
    if source:
        ingest_into_workspace(family, config, source, Provenance("", ""), log_progress("ingest"))
    data = current_data(family)
    pointer.write_text(dataset_store(read_settings()).pointer_text())
    log_progress("ingest")(1, 1, f"version {data.version}")
    return data


@contextmanager
def version_at_hand(version: str) -> Iterator[Path]:
    """The parts of a version while they are read, where no ingestion beside it adds any.

    Raises:
        BadInput: the version is not known here, or its parts can't be had.
    """
    with TemporaryDirectory(prefix="matops-data-") as directory:
        yield dataset_versions(read_settings()).pull_version(version, Path(directory)).directory
