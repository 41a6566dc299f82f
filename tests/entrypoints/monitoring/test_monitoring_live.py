"""A real server and a real Prometheus: what is like the training data does not drift."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from matops.adapters.prometheus.api import PrometheusApi, selector
from matops.adapters.prometheus.live import PrometheusLive
from matops.adapters.storage.package_directory import PackageDirectory
from matops.artifacts.model.package import read_card
from matops.core.monitoring.drift import MOST_DESCRIPTORS
from matops.core.monitoring.retraining import (
    RetrainingConfig,
    ServingStatistics,
    Situation,
    decide_retraining,
)
from matops.entrypoints.cli.pipelines.demo import running_server
from matops.families import get_family
from matops.steps.monitoring.monitor import ChampionMonitor
from tests.support.prometheus_process import SCRAPE_S, running_prometheus

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

pytestmark = pytest.mark.live

FAMILY = "elastic_cgcnn"
CONFIG = RetrainingConfig()
START_S = 15
"""A command's window moves on while it starts; it takes less than this."""


@dataclass
class Place:
    """A server on the released package, and a Prometheus that scrapes it."""

    server: str
    api: PrometheusApi
    released: Released

    def ask(self, crystals: list[Any]) -> datetime:
        """Ask about crystals one by one; the time before the first."""
        began = self.settle()
        for crystal in crystals:
            body = {"instances": [{"crystal": crystal}]}
            response = httpx.post(f"{self.server}/v1/models/{FAMILY}:predict", json=body)
            assert response.status_code == 200, response.text
        self.settle()
        return began

    def settle(self) -> datetime:
        """Wait until Prometheus has all that the server counted."""
        target = urlsplit(self.server).netloc
        asked = datetime.now(UTC)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(1)
            scraped = self.api.query(f"timestamp({selector('up', instance=target)} == 1)", now())
            if scraped and scraped[0].value > asked.timestamp() + 1:
                return now()
        raise AssertionError(f"{target} is not scraped")

    def counted(self, since: datetime, steps: int) -> list[float]:
        """Samples in the steps of a window."""
        version, until = read_card(self.released.package).version, now()
        live = PrometheusLive(self.api).live(get_family(FAMILY), version, since, until)
        assert len(live.history) > steps
        return [point.samples for point in live.history]

    def statistics(self, since: datetime) -> ServingStatistics | None:
        packages = PackageDirectory(self.released.workspace / "models")
        until = now()
        monitor = ChampionMonitor(packages, PrometheusLive(self.api), until - since, lambda: until)
        return monitor.statistics(get_family(FAMILY))


def now() -> datetime:
    return datetime.now(UTC)


def assert_counted(found: ServingStatistics, asked: int, since: datetime) -> None:
    """Prometheus extrapolates to the ends of a window of whole seconds: too much for short ones.

    Requests that a fast machine answers within few seconds are counted worse than those of a day.
    """
    window_s = (now() - since).total_seconds()
    most = asked * (window_s + 1) / (window_s - 2 * SCRAPE_S)
    assert 0.95 * asked <= found.requests <= most


@pytest.fixture(scope="module")
def place(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("monitoring")
    with (
        running_server(released.package, root / "server.log") as server,
        running_prometheus(
            root / "prometheus", {"local": urlsplit(server).port or 80}
        ) as prometheus,
    ):
        yield Place(server, PrometheusApi(prometheus), released)


@pytest.fixture(scope="module")
def crystals(released: Released) -> list[Any]:
    """The crystals of the training data, as requests have them."""
    return [
        {"lattice_A": row["lattice"], "species": row["species"], "frac_coords": row["frac_coords"]}
        for row in json.loads(Path(released.source).read_text())
    ]


def situation(released: Released, statistics: ServingStatistics | None) -> Situation:
    """One new row, which alone is no reason."""
    version = read_card(released.package).version
    calm = Situation("new", 161, version, "old", 160, new_rows=1, age_days=1.0)
    return replace(calm, serving=statistics)


def test_requests_like_the_training_data_give_no_reason_to_retrain(
    place: Place, crystals: list[Any]
) -> None:
    began = place.ask([*crystals, *crystals[::2]])
    assert sum(place.counted(began, steps=10)) > 200
    found = place.statistics(began)
    assert found is not None
    assert found.model == read_card(place.released.package).version
    assert_counted(found, 240, began)
    assert found.drift < CONFIG.drift
    decision = decide_retraining(situation(place.released, found), CONFIG)
    assert not decision.retrain
    assert all(criterion.measured is not None for criterion in decision.criteria)


def test_requests_from_elsewhere_are_a_reason_to_retrain(place: Place, crystals: list[Any]) -> None:
    heavy = [crystal for crystal in crystals if {"Au", "Pt"} & set(crystal["species"])]
    stretched = [
        crystal | {"lattice_A": [[1.15 * x for x in row] for row in crystal["lattice_A"]]}
        for crystal in heavy
    ]
    asked = (4 * stretched)[:260]
    began = place.ask(asked)
    found = place.statistics(began)
    assert found is not None
    assert_counted(found, 260, began)
    assert found.drift > CONFIG.drift
    assert found.outside > 0.1 * found.requests
    decision = decide_retraining(situation(place.released, found), CONFIG)
    assert decision.retrain
    assert "drift of served samples" in decision.reason
    assert "share out of domain" in decision.reason


def test_a_window_without_requests_decides_nothing(place: Place) -> None:
    since = place.settle()
    time.sleep(2)
    found = place.statistics(since - timedelta(seconds=1))
    decision = decide_retraining(situation(place.released, found), CONFIG)
    assert not decision.retrain
    assert [c.measured for c in decision.criteria if "served" in c.name] == [None]


def test_the_command_shows_what_the_champion_meets(
    place: Place, crystals: list[Any], matops: Matops, tmp_path: Path, monkeypatch: Any
) -> None:
    time.sleep(START_S)  # so that the window may begin before the requests
    since = place.ask(crystals[:20]) - timedelta(seconds=START_S)
    time.sleep(10)  # the command looks back for nine seconds at least
    monkeypatch.setenv("MATOPS_PROMETHEUS", place.api.url)
    days = (now() - since) / timedelta(days=1)
    workspace = place.released.workspace
    done = matops(workspace, "monitor", FAMILY, "--json", "--out", tmp_path, "--days", f"{days}")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["samples"] == pytest.approx(20, abs=3)
    assert told["requests"]["ok"] == pytest.approx(20, abs=3)
    assert told["needs_attention"]
    assert "of the 200" in told["reason"]
    assert len(told["descriptors"]) == MOST_DESCRIPTORS
    page = (tmp_path / "monitor.html").read_text()
    assert "labels of all rows of the training data" in page
    headings = re.findall("<h4>(.*?)</h4>", page)
    assert {"K_VRH", "G_VRH", "Share of samples out of domain"} <= set(headings)
    assert "Time inside the server" in headings
    everything = matops(workspace, "monitor", "--out", tmp_path)
    assert everything.out.splitlines()[-2].startswith(f"{FAMILY}: ")
    assert (tmp_path / FAMILY / "monitor.html").is_file()
    assert len(set(headings) & set(get_family(FAMILY).descriptor_names)) == 4
