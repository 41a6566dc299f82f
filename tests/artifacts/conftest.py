"""Tiny crystals with made-up labels, and a small package of untrained networks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.package import Golden, write_package
from matops.core.data.record import Provenance, Record, make_record
from matops.core.family import Family, FamilyConfig
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.card import SCHEMA_VERSION, Card, DataSummary, DomainSummary, Environment
from matops.core.quality.domain import fit_domain
from matops.core.quality.gate import Gate, Measurement, judge
from matops.core.quality.uncertainty import Conformal
from matops.families import get_family

METALS = ("Al", "Cu", "Ni", "Ag", "Pd", "Fe", "Ti")
SIMULATED = Provenance("simulation", "made up", "pencil", "rule of thumb", "2026-01-02", "CC0")


def _record(family: Family, pair: tuple[str, str], a_A: float, stated: Provenance) -> Record:
    crystal = {
        "lattice_A": (a_A * np.eye(3)).tolist(),
        "species": list(pair),
        "frac_coords": [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]],
    }
    moduli = {"K_VRH": 4000.0 / a_A**3, "G_VRH": 1700.0 / a_A**3}
    return make_record("".join(pair), {"crystal": crystal}, moduli, family.targets, stated)


@pytest.fixture(scope="session")
def family() -> Family:
    return get_family("elastic_cgcnn")


@pytest.fixture(scope="session")
def config(family: Family) -> FamilyConfig:
    demo: Any = family.preset("demo")
    return replace(demo, network=replace(demo.network, atom_fea_len=8, n_conv=1, h_fea_len=8))


@pytest.fixture(scope="session")
def records(family: Family) -> list[Record]:
    """Ordered alloys of two metals each, in the B2 structure."""
    pairs = list(combinations(METALS, 2))
    return [_record(family, pair, 2.8 + 0.03 * i, SIMULATED) for i, pair in enumerate(pairs)]


@pytest.fixture(scope="session")
def predictor(family: Family, config: FamilyConfig, records: list[Record]) -> Predictor:
    """Two untrained networks: as good as trained ones for storage."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = [family.network(config).eval() for _ in range(2)]
    ensemble = Ensemble(networks, torch.tensor([2.0, 1.6]), torch.tensor([0.2, 0.3]))
    floors, quantiles = (0.01, 0.02, 0.02, 0.01, 0.02), ((2.0,), (3.0,), (3.0,), (2.5,), (2.5,))
    conformal = Conformal(0.9, floors, quantiles, rows=70, groups=35)
    samples = [family.parse(r.payload) for r in records[:15]]
    domain = fit_domain(family.describe(samples, family.featurize(samples, config)))
    return Predictor(family, config, ensemble, conformal, domain, "candidate", "data-1")


@pytest.fixture(scope="session")
def card(predictor: Predictor) -> Card:
    measured = {"K_VRH.mae": Measurement(0.03, "log10(GPa)", 0.02, 0.04, 9)}
    gate = Gate("error", "K_VRH.mae", "<=", 0.05, "log10(GPa)", "a paper")
    return Card(
        schema_version=SCHEMA_VERSION,
        family=predictor.family.name,
        version="",
        created="2026-01-02T03:04:05+00:00",
        targets=predictor.family.targets,
        derived=predictor.family.derived,
        data=DataSummary("data-1", {"train": 15}, {"train": 15}, {"made up": 15}, ("CC0",)),
        configuration=json.loads(to_json(predictor.config)),
        environment=Environment("0.1.0", "c0ffee", "3.11", "2", "Linux", "cpu"),
        calibration=predictor.conformal,
        domain=DomainSummary(
            tuple(sorted(predictor.domain.tokens)), predictor.domain.threshold, 0.1, {"K_VRH": 0.3}
        ),
        measurements=measured,
        verdict=judge([gate], measured),
        champion="",
        lineage=(),
        files={},
    )


@pytest.fixture(scope="session")
def golden(predictor: Predictor, records: list[Record]) -> Golden:
    requests = tuple(dict(record.payload) for record in records[15:19])
    return Golden(requests, tuple(predictor.predict(requests)))


@pytest.fixture(scope="session")
def pack(predictor: Predictor, card: Card, golden: Golden) -> Callable[..., Card]:
    """Write a package, with some fields of the card changed."""

    def write(directory: Path, ensemble: Ensemble | None = None, **changes: Any) -> Card:
        changed, weights = replace(card, **changes), ensemble or predictor.ensemble
        return write_package(directory, changed, weights, predictor.domain, golden)

    return write


@pytest.fixture(scope="session")
def _pristine(pack: Callable[..., Card], tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pristine") / "package"
    pack(directory)
    return directory


@pytest.fixture
def package(_pristine: Path, tmp_path: Path) -> Path:
    """A package that a test may damage."""
    return Path(shutil.copytree(_pristine, tmp_path / "package"))
