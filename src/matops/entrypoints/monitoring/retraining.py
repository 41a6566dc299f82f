"""The decision to retrain with its adapters joined on."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from matops.artifacts.jsonfile import write_json
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.entrypoints.configuration import family_config
from matops.entrypoints.monitoring.decision_text import Considered
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.wiring import dataset_store, package_store, serving, serving_monitor
from matops.steps.monitoring.retraining import consider_retraining
from matops.steps.ports import DatasetVersion

log = logging.getLogger(__name__)


def consider(
    name: str, preset: str, changes: str, data: DatasetVersion, out: Path
) -> dict[str, float]:
    """Decide whether to retrain on a dataset version: ``retrain`` as 0 or 1, and measured values.

    ``out`` gets the decision.
    """
    family, config = family_config(name, preset, changes)
    settings = read_settings()
    decision = consider_retraining(
        family,
        config.retraining,
        data,
        dataset_store(settings),
        package_store(settings),
        serving_monitor(settings),
        datetime.now(UTC),
        _version_under_way(family, settings),
    )
    write_json(out, Considered(name, data.version, decision))
    log_progress("decide")(1, 1, decision.reason)
    if decision.alarm:
        log.warning("%s: %s", name, decision.alarm)
    measured = {
        f"{c.name} [{c.unit}]": c.measured for c in decision.criteria if c.measured is not None
    }
    in_vain = {"attempts in vain": float(decision.in_vain)}
    return {"retrain": float(decision.retrain), **in_vain, **measured}


def _version_under_way(family: Family, settings: Settings) -> str:
    """The version that is being released; empty for none, or where nobody can be asked."""
    try:
        rollout = serving(settings).rollout(family)
    except BadInput as error:
        log.warning("whether a release is under way is not known: %s", error)
        return ""
    if rollout is None or rollout.candidate is None or rollout.awaits_person:
        return ""
    return rollout.candidate.version
