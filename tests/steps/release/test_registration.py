"""Registration: what a registry is told of a release, and that it never holds one up."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matops.artifacts.model.evaluation import PACKAGE
from matops.core.errors import BadInput
from matops.steps.ports import Registration
from matops.steps.release.registration import describe_release
from tests.steps.release.test_canary_release import FAMILY, Bench


class Registry:
    """A registry in memory, which may be away."""

    def __init__(self) -> None:
        self.kept: list[Registration] = []
        self.away = False

    def register(self, registration: Registration) -> str:
        if self.away:
            raise BadInput("http://registry: does not answer")
        self.kept.append(registration)
        return registration.version


def test_a_registration_says_what_people_look_for(world: Any) -> None:
    card, package = world.card, world.evaluation / PACKAGE
    registration = describe_release(package, "s3://models/elastic_cgcnn/1")
    assert (registration.family, registration.version) == (card.family, card.version)
    assert registration.title == FAMILY.title
    assert registration.address == "s3://models/elastic_cgcnn/1"
    assert registration.tags == {
        "matops.family": "elastic_cgcnn",
        "matops.data_version": card.data.version,
        "matops.verdict": card.verdict.outcome,
        "matops.commit": card.environment.commit or "not known",
        "matops.signature": "not signed",
    }


def test_a_package_on_a_disk_is_named_with_its_machine(world: Any) -> None:
    package = world.evaluation / PACKAGE
    registration = describe_release(package, str(package))
    assert registration.address == f"matops://{socket.gethostname()}{package.resolve()}"


def test_a_promoted_model_is_registered_and_one_that_is_not_is_tried_again(
    world: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    package, registry = Path(world.evaluation / PACKAGE), Registry()
    bench = Bench(package, tmp_path)
    bench.release = replace(bench.release, registry=registry)
    bench.release.begin(package)
    registry.away = True
    with caplog.at_level(logging.WARNING):
        left = bench.run()
    assert bench.champion == left.champion.version
    assert registry.kept == []
    [line] = [r.getMessage() for r in caplog.records if "not registered" in r.getMessage()]
    assert "http://registry: does not answer" in line
    assert "matops release register elastic_cgcnn" in line
    registry.away = False
    assert bench.release.tick() is None
    assert [kept.address for kept in registry.kept] == [f"rack://{left.champion.version}"]
