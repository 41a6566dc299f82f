"""From a version of the data to a verdict, each step with its adapters joined on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.data.prepared import SUMMARY, read_prepared
from matops.artifacts.jsonfile import read_json
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.model import LOG, TrainingLog
from matops.artifacts.model.signature import sign
from matops.core.learning.ranks import Ranks
from matops.core.progress import Progress
from matops.core.quality.card import DataSummary
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.ingestion import quarantine_file
from matops.entrypoints.data.own_split import split_of
from matops.entrypoints.learning.ranks import RankRequest, train_on_ranks
from matops.entrypoints.learning.verdict_text import verdict_markdown
from matops.entrypoints.packages import package_to_start_from
from matops.entrypoints.progress import log_progress, no_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import (
    checkpoint_policy,
    code_commit,
    dataset_store,
    package_store,
    signer,
)
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from matops.steps.monitoring.retraining import change_since
from matops.steps.ports import DatasetVersion
from matops.steps.quality.evaluate import evaluate


@dataclass(frozen=True)
class Outcome:
    """What evaluation decided, in the forms in which a pipeline shows it."""

    accepted: bool
    metrics: dict[str, float]
    markdown: str


def prepare_samples(
    name: str, preset: str, changes: str, dataset: Path, version: str, out: Path
) -> dict[str, Any]:
    """Prepare samples of a dataset version."""
    family, config = family_config(name, preset, changes)
    settings, data = read_settings(), DatasetVersion(version, dataset)
    report, cache = log_progress("preprocess"), settings.kept / "cache"
    split = split_of(config.split)
    cached = preprocess(family, data, config, out, cache, settings.workers, report, split)
    summary = read_json(out / SUMMARY, DataSummary)
    words = ", ".join(f"{rows} {part}" for part, rows in sorted(summary.rows.items()))
    if summary.own_split:
        words += f". {summary.own_split.words}"
    report(1, 1, words + (", from cache" if cached else ""))
    return {"family": name, "version": version, **summary.rows}


def train_model(
    name: str,
    preset: str,
    changes: str,
    prepared: Path,
    out: Path,
    init_from: str = "",
    progress: Progress | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Train on prepared samples, from random weights or from those of another package.

    With more than one process, all train each network together. The same call goes on from the
    checkpoints of one that was interrupted.
    """
    family, config = family_config(name, preset, changes)
    report = progress or log_progress("train")
    if processes > 1:
        request = RankRequest(name, preset, changes, str(prepared), str(out), init_from)
        train_on_ranks(request, processes, report)
        log = read_json(out / LOG, TrainingLog)
    else:
        settings = read_settings()
        start = package_to_start_from(init_from, name) if init_from else None
        policy = checkpoint_policy(settings)
        if not Ranks.joined().first:
            report = no_progress
        log = train(prepared, family, config, out, settings.workers, report, start, policy)
    # A line that was fitted instead of a network has no epochs.
    loss = {"loss": log.epochs[-1].loss} if log.epochs else {}
    return {"family": name, "device": log.device, **loss}


def evaluate_model(
    name: str, preset: str, changes: str, prepared: Path, model: Path, out: Path
) -> Outcome:
    """Evaluate a trained model against gates and champion."""
    family, config = family_config(name, preset, changes)
    settings = read_settings()
    champion = package_store(settings).champion(family)
    samples = read_prepared(prepared, family, config)
    data = DatasetVersion(samples.version, prepared)
    change = change_since(family, champion, data, dataset_store(settings))
    refused = quarantine_file(family)
    # A pod of a cluster has no workspace in which anything was refused.
    quarantine = refused if refused.exists() else None
    card = evaluate(samples, model, champion, code_commit(settings), out, change, quarantine)
    if signs := signer(settings):
        sign(out / PACKAGE, signs)
    log_progress("evaluate")(1, 1, card.verdict.outcome)
    metrics = {f"{name} [{m.unit}]": m.value for name, m in card.measurements.items()}
    accepted = card.verdict.accepted
    return Outcome(accepted, {"accepted": float(accepted), **metrics}, verdict_markdown(card))
