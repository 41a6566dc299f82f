"""Packages of predictors that nobody trained, for what needs a package and not a good model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.package import Golden, write_package
from matops.core.predictor import Predictor
from matops.core.quality.card import Card, DataSummary, DomainSummary, Environment
from matops.core.quality.gate import judge


def write_made_up(directory: Path, predictor: Predictor, request: dict[str, Any]) -> None:
    """Write a package, with one golden request and no verdict."""
    domain = predictor.domain
    card = Card(
        schema_version=1,
        family=predictor.family.name,
        version="",
        created="2026-01-02T03:04:05+00:00",
        targets=predictor.family.targets,
        derived=predictor.family.derived,
        data=DataSummary("data-1", {"train": 200}, {"train": 200}, {"made up": 200}, ("CC0",)),
        configuration=json.loads(to_json(predictor.config)),
        environment=Environment("0.1.0", "c0ffee", "3.11", "2", "Linux", "cpu"),
        calibration=predictor.conformal,
        domain=DomainSummary(tuple(domain.tokens), domain.threshold, 0.0, {}),
        measurements={},
        verdict=judge([], {}),
        champion="",
        lineage=(),
        files={},
    )
    golden = Golden((request,), tuple(predictor.predict([request])))
    write_package(directory, card, predictor.ensemble, domain, golden)
