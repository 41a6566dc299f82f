"""From prepared samples to release, each step with its adapters joined on."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.data.prepared import SUMMARY, read_prepared
from matops.artifacts.jsonfile import read_json
from matops.artifacts.model.model import LOG, TrainingLog
from matops.artifacts.model.package import read_card
from matops.core.learning.ranks import Ranks
from matops.core.progress import Progress
from matops.core.quality.card import DataSummary
from matops.entrypoints.configuration import family_config
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
    serving,
)
from matops.families import get_family
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from matops.steps.monitoring.retraining import change_since, conclude_retraining
from matops.steps.ports import DatasetVersion
from matops.steps.quality.evaluate import PACKAGE, evaluate
from matops.steps.release.release import release


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
    cached = preprocess(family, data, config, out, cache, settings.workers, report)
    summary = read_json(out / SUMMARY, DataSummary)
    words = ", ".join(f"{rows} {part}" for part, rows in sorted(summary.rows.items()))
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
    return {"family": name, "device": log.device, "loss": log.epochs[-1].loss}


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
    card = evaluate(samples, model, champion, code_commit(settings), out, change)
    log_progress("evaluate")(1, 1, card.verdict.outcome)
    metrics = {f"{name} [{m.unit}]": m.value for name, m in card.measurements.items()}
    accepted = card.verdict.accepted
    return Outcome(accepted, {"accepted": float(accepted), **metrics}, verdict_markdown(card))


def release_package(evaluation: Path, out: Path) -> dict[str, Any]:
    """Release the candidate of an evaluation, and copy the package to ``out``.

    Where its family is deployed, it must prove itself on live traffic first. On a cluster the
    release is only begun, a family's first one too: the scheduled judge leads it to its end, so
    that no pod is held for hours.

    Raises:
        BadInput: the gates or the judge rejected it.
    """
    from matops.entrypoints.release import releasing

    settings, package = read_settings(), evaluation / PACKAGE
    card, store, state = read_card(package), package_store(settings), {}
    family, deployment, report = get_family(card.family), serving(settings), log_progress("release")
    deployed = deployment.rollout(family) is not None
    if deployment.is_led_by_schedule and (deployed or store.champion(family) is None):
        left = releasing.canary_release(card.family).begin(package)
        report(left.share_percent, 100, left.reason)
        state = {"state": f"{left.move}: {left.reason}"}
    elif deployed:
        releasing.release_on_traffic(package)
    else:
        release(package, store)
    shutil.copytree(store.kept(family, card.version), out, dirs_exist_ok=True)
    report(1, 1, f"version {card.version}")
    return {"version": card.version, **state}


def rejection(evaluation: Path) -> tuple[int, str]:
    """Number of failed gates of an evaluation, and the verdict as Markdown."""
    card = read_card(evaluation / PACKAGE)
    log_progress("reject")(1, 1, f"{len(card.verdict.failures)} gates failed")
    return len(card.verdict.failures), verdict_markdown(card)


def conclude(evaluation: Path) -> tuple[dict[str, float], str]:
    """Remember the verdict on a retrained model; its numbers, and what came of it as Markdown."""
    card = read_card(evaluation / PACKAGE)
    conclude_retraining(get_family(card.family), card, package_store(read_settings()))
    log_progress("conclude")(1, 1, card.verdict.outcome)
    metrics, change = {"accepted": float(card.verdict.accepted)}, card.since_champion
    if change and change.added is not None:
        metrics["rows_added"] = change.added
    text = f"- new data: {card.data.version}, {sum(card.data.rows.values()):,} rows\n"
    if change:
        text = f"- data of the champion {card.champion}: {change.before}; {change.words}\n{text}"
    return metrics, f"{verdict_markdown(card)}\n{text}"
