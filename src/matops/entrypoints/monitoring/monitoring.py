"""Monitoring with its adapters joined on."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from matops.artifacts.model.package import read_config
from matops.artifacts.pages.monitor_page import render_observation
from matops.core.monitoring.observation import Observation
from matops.core.monitoring.retraining import RetrainingConfig
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import dataset_store, live_metrics, package_store
from matops.families import family_names, get_family
from matops.steps.monitoring.monitor import champion_package, observe, training_labels


def observe_champion(
    name: str, window: timedelta, until: datetime
) -> tuple[Observation, RetrainingConfig]:
    """What the workspace's released model met, and the limits it was configured with.

    Raises:
        BadInput: nothing is released, or the metrics can't be had.
    """
    family, settings = get_family(name), read_settings()
    package = champion_package(family, package_store(settings))
    seen = observe(family, package, live_metrics(settings), until - window, until)
    labels = training_labels(family, seen.card, seen.live, dataset_store(settings))
    return replace(seen, labels=labels), read_config(family, seen.card).retraining


def released_families() -> list[str]:
    """The families of which the workspace has a released model."""
    packages = package_store(read_settings())
    return [name for name in family_names() if packages.champion(get_family(name))]


def write_report(observation: Observation, limits: RetrainingConfig, page: Path) -> Path:
    """Write what a model met as one page with pictures."""
    page.parent.mkdir(parents=True, exist_ok=True)
    title = get_family(observation.card.family).title
    page.write_text(render_observation(observation, title, limits), encoding="utf-8")
    return page
