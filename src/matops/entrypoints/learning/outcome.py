"""What comes of an evaluation: a release, a rejection, a note; nothing here needs the libraries.

A pod is started for each: what trains and measures would take longer to import than these run.
"""

import shutil
from pathlib import Path
from typing import Any

from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import read_card
from matops.entrypoints.learning.verdict_text import verdict_markdown
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import model_registry, package_store, serving
from matops.families import get_family
from matops.steps.monitoring.retraining import conclude_retraining
from matops.steps.release.registration import register_or_warn
from matops.steps.release.release import release


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
        released = release(package, store)
        register_or_warn(model_registry(settings), family, released, deployment)
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
