"""Each step with its adapters joined on: what components and the command line both call."""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.artifacts.jsonfile import read_json
from matops.artifacts.package import CARD, read_card
from matops.artifacts.prepared import SUMMARY, read_prepared
from matops.artifacts.quarantine import add_to_quarantine
from matops.core.card import Card, DataSummary
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig, Incoming
from matops.core.record import Provenance
from matops.core.training import Progress
from matops.entrypoints.configuration import resolve_config
from matops.entrypoints.progress import log_progress
from matops.entrypoints.releasing import release_on_traffic
from matops.entrypoints.settings import read_settings
from matops.entrypoints.verdict_text import verdict_markdown
from matops.entrypoints.wiring import (
    code_commit,
    dataset_store,
    materials_database,
    package_store,
    serving,
)
from matops.families import get_family
from matops.steps.database import read_database
from matops.steps.evaluate import PACKAGE, evaluate
from matops.steps.ingest import IngestReport, ingest
from matops.steps.ports import DatasetVersion
from matops.steps.preprocess import preprocess
from matops.steps.release import release
from matops.steps.retraining import change_since
from matops.steps.train import train

SIMULATION = "simulation"
MATERIALS_PROJECT = "materials-project"
SIFTED = (SIMULATION, MATERIALS_PROJECT)
"""Sources that hold unusable records as a matter of course; refusing those is no error."""


@dataclass(frozen=True)
class Outcome:
    """What evaluation decided, in the forms in which a pipeline shows it."""

    accepted: bool
    metrics: dict[str, float]
    markdown: str


def family_config(family: str, preset: str, changes: str) -> tuple[Family, FamilyConfig]:
    """A family and its configuration, from a preset and a JSON object of changes.

    Raises:
        BadInput: no such family or preset, or changes that don't fit.
    """
    found = get_family(family)
    try:
        parsed = json.loads(changes)
    except ValueError:
        raise BadInput(f"changes are not JSON: {changes!r}") from None
    if not isinstance(parsed, dict):
        raise BadInput(f"changes are not a JSON object: {changes!r}")
    return found, resolve_config(found, preset, parsed)


def open_source(
    family: Family, config: FamilyConfig, source: str, stated: Provenance, progress: Progress
) -> Incoming:
    """The records of a source: ``simulation``, ``materials-project`` or a path."""
    settings = read_settings()
    if source == SIMULATION:
        work_dir = settings.campaigns / family.name
        return family.simulate(config, work_dir, settings.workers, progress)
    if source == MATERIALS_PROJECT:
        query = family.database_query(config)
        return read_database(family, query, materials_database(settings), progress)
    return _counted(family.read(Path(source), stated), progress)


def _counted(incoming: Incoming, progress: Progress) -> Incoming:
    for count, item in enumerate(incoming, start=1):
        progress(count, count, "records")
        yield item


def ingest_into_workspace(
    family: Family, config: FamilyConfig, source: str, stated: Provenance, progress: Progress
) -> IngestReport:
    """Ingest a source into the workspace's versioned data."""
    dated = stated.date or datetime.now(UTC).date().isoformat()
    incoming = open_source(family, config, source, replace(stated, date=dated), progress)
    report = ingest(family, incoming, dataset_store(read_settings()))
    add_to_quarantine(quarantine_file(family), report.quarantined)
    return report


def quarantine_file(family: Family) -> Path:
    """Where the workspace keeps a family's refused records."""
    return read_settings().quarantine / f"{family.name}.jsonl"


def current_data(family: Family) -> DatasetVersion:
    """The workspace's published version of a family's data.

    Raises:
        BadInput: there is none yet.
    """
    data = dataset_store(read_settings()).checkout(family)
    if data is None:
        raise BadInput(
            f"{family.name} has no data here yet; "
            f"try: matops ingest {family.name} --source simulation"
        )
    return data


def ingest_source(
    family: str, preset: str, source: str, changes: str, out: Path, pointer: Path
) -> dict[str, Any]:
    """Ingest a source, if one is given, and copy the published parts to ``out``.

    ``pointer`` gets the file from which they can be had elsewhere: a pod has no git to keep it.
    """
    found, config = family_config(family, preset, changes)
    if source:
        ingest_into_workspace(found, config, source, Provenance("", ""), log_progress("ingest"))
    data = current_data(found)
    shutil.copytree(data.directory, out, dirs_exist_ok=True)
    pointer.write_text(dataset_store(read_settings()).pointer_text())
    log_progress("ingest")(1, 1, f"version {data.version}")
    return {"family": family, "version": data.version}


def prepare_samples(
    family: str, preset: str, changes: str, dataset: Path, version: str, out: Path
) -> dict[str, Any]:
    """Prepare samples of a dataset version."""
    found, config = family_config(family, preset, changes)
    settings, data = read_settings(), DatasetVersion(version, dataset)
    report = log_progress("preprocess")
    cached = preprocess(found, data, config, out, settings.cache, settings.workers, report)
    summary = read_json(out / SUMMARY, DataSummary)
    words = ", ".join(f"{rows} {part}" for part, rows in sorted(summary.rows.items()))
    report(1, 1, words + (", from cache" if cached else ""))
    return {"family": family, "version": version, **summary.rows}


def train_model(
    family: str,
    preset: str,
    changes: str,
    prepared: Path,
    out: Path,
    init_from: str = "",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train on prepared samples, from random weights or from those of another package."""
    found, config = family_config(family, preset, changes)
    report = progress or log_progress("train")
    start = find_package(found, init_from) if init_from else None
    log = train(prepared, found, config, out, read_settings().workers, report, start)
    return {"family": family, "device": log.device, "loss": log.epochs[-1].loss}


def find_package(family: Family, named: str) -> Path:
    """The package at a path, or else of a version in the workspace.

    Raises:
        BadInput: there is neither.
    """
    places = (Path(named), read_settings().models / family.name / named)
    for place in places:
        if (place / CARD).is_file():
            return place
    raise BadInput(f"{named}: neither a package's directory nor a version in {places[1].parent}")


def evaluate_model(
    family: str, preset: str, changes: str, prepared: Path, model: Path, out: Path
) -> Outcome:
    """Evaluate a trained model against gates and champion."""
    found, config = family_config(family, preset, changes)
    settings = read_settings()
    champion = package_store(settings).champion(found)
    samples = read_prepared(prepared, found, config)
    data = DatasetVersion(samples.version, prepared)
    change = change_since(found, champion, data, dataset_store(settings))
    card = evaluate(samples, model, champion, code_commit(settings), out, change)
    accepted = card.verdict.accepted
    log_progress("evaluate")(1, 1, "accepted" if accepted else "rejected")
    return Outcome(accepted, _metrics(card), verdict_markdown(card))


def _metrics(card: Card) -> dict[str, float]:
    named = {f"{name} [{m.unit}]": m.value for name, m in card.measurements.items()}
    return {"accepted": float(card.verdict.accepted), **named}


def release_package(evaluation: Path, out: Path) -> dict[str, Any]:
    """Release the candidate of an evaluation, and copy the released package to ``out``.

    Where its family is deployed, it must prove itself on live traffic first.

    Raises:
        BadInput: the gates or the judge rejected it.
    """
    settings, package = read_settings(), evaluation / PACKAGE
    if serving(settings).rollout(get_family(read_card(package).family)) is None:
        kept = release(package, package_store(settings))
    else:
        kept = release_on_traffic(package)
    shutil.copytree(kept, out, dirs_exist_ok=True)
    log_progress("release")(1, 1, f"version {kept.name}")
    return {"version": kept.name}


def rejection(evaluation: Path) -> tuple[int, str]:
    """Number of failed gates of an evaluation, and the verdict as Markdown."""
    card = read_card(evaluation / PACKAGE)
    log_progress("reject")(1, 1, f"{len(card.verdict.failures)} gates failed")
    return len(card.verdict.failures), verdict_markdown(card)
