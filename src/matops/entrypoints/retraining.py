"""The steps of retraining with their adapters joined on."""

from datetime import UTC, datetime
from pathlib import Path

from matops.artifacts.jsonfile import write_json
from matops.artifacts.package import read_card
from matops.core.card import Card
from matops.entrypoints.decision_text import Considered
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.verdict_text import verdict_markdown
from matops.entrypoints.wiring import dataset_store, package_store, serving_monitor
from matops.entrypoints.workflow import family_config
from matops.families import get_family
from matops.steps.evaluate import PACKAGE
from matops.steps.ports import DatasetVersion
from matops.steps.retraining import conclude_retraining, consider_retraining


def consider(
    family: str, preset: str, changes: str, dataset: Path, version: str, out: Path
) -> dict[str, float]:
    """Decide whether to retrain on a dataset version, and write the decision to ``out``.

    Returns:
        ``retrain`` as 0 or 1, and each value that was measured.
    """
    found, config = family_config(family, preset, changes)
    settings = read_settings()
    decision = consider_retraining(
        found,
        config.retraining,
        DatasetVersion(version, dataset),
        dataset_store(settings),
        package_store(settings),
        serving_monitor(settings),
        datetime.now(UTC),
    )
    write_json(out, Considered(family, version, decision))
    log_progress("decide")(1, 1, decision.reason)
    measured = {
        f"{c.name} [{c.unit}]": c.measured for c in decision.criteria if c.measured is not None
    }
    return {"retrain": float(decision.retrain), **measured}


def conclude(evaluation: Path) -> tuple[dict[str, float], str]:
    """Remember the verdict on a retrained model.

    Returns:
        Measured numbers, and what came of the new data as Markdown.
    """
    card = read_card(evaluation / PACKAGE)
    conclude_retraining(get_family(card.family), card, package_store(read_settings()))
    log_progress("conclude")(1, 1, "accepted" if card.verdict.accepted else "rejected")
    metrics = {"accepted": float(card.verdict.accepted)}
    if card.since_champion and card.since_champion.added is not None:
        metrics["rows_added"] = card.since_champion.added
    return metrics, f"{verdict_markdown(card)}\n{_data_markdown(card)}"


def _data_markdown(card: Card) -> str:
    """The old and the new version of the data."""
    new = f"- new data: {card.data.version}, {sum(card.data.rows.values()):,} rows\n"
    change = card.since_champion
    if change is None:
        return new
    return f"- data of the champion {card.champion}: {change.before}; {change.words}\n{new}"
