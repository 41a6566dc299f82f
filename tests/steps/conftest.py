"""A small made-up world: alloys with smooth moduli, stores in a directory, one good model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from matops.artifacts.data.dataset import part_paths, read_records, record_ids, write_part
from matops.artifacts.data.prepared import Prepared, read_prepared
from matops.core.data.record import Provenance, Record, make_record
from matops.core.data.split import SplitConfig
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.quality.card import Card
from matops.families import get_family
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from matops.steps.ports import Appended, DatasetVersion, Lacking
from matops.steps.quality.evaluate import evaluate

METALS = ("Al", "Ti", "V", "Cr", "Fe", "Ni", "Cu", "Nb", "Mo", "Pd", "Ag", "W")
STIFFNESS_GPA = dict(
    zip(METALS, (76, 110, 160, 160, 170, 180, 140, 170, 230, 180, 100, 310), strict=True)
)
"""Moduli of the made-up law: a geometric mean over the atoms, softened by volume."""

Quiet = Callable[[int, int, str], None]


def made_up_moduli(species: Sequence[str], a_A: float) -> dict[str, float]:
    mean = float(np.exp(np.mean([np.log(STIFFNESS_GPA[s]) for s in species])))
    bulk = mean * (3.0 / a_A) ** 3
    return {"K_VRH": bulk, "G_VRH": 0.45 * bulk * (mean / 150.0) ** 0.3}


def make_alloy(family: Family, species: Sequence[str], a_A: float) -> Record:
    """A cubic alloy of two (B2) or four (L1₂-like) atoms with the law's moduli."""
    places = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
    if len(species) == 4:
        places = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    crystal = {
        "lattice_A": (a_A * np.eye(3)).tolist(),
        "species": list(species),
        "frac_coords": places,
    }
    per_site_A = a_A if len(species) == 2 else a_A * 0.5 ** (1 / 3)
    moduli = made_up_moduli(species, per_site_A)
    parsed = family.parse({"crystal": crystal})
    stated = Provenance("simulation", "-".join(species), "pencil", "made-up law", licence="CC0")
    formula = parsed.reduced_formula
    return make_record(formula, {"crystal": crystal}, moduli, family.targets, stated)


def make_alloys(family: Family) -> list[Record]:
    rng = np.random.default_rng(0)
    pairs = list(combinations(METALS, 2))
    triples = [(a, b, b, b) for a, b in pairs] + [(b, a, a, a) for a, b in pairs]
    found = [make_alloy(family, pair, float(rng.uniform(2.8, 3.2))) for pair in pairs]
    return found + [make_alloy(family, four, float(rng.uniform(3.6, 4.0))) for four in triples]


class MemoryStore:
    """A dataset store that keeps its parts in one directory and counts its versions."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.versions = 0
        self.parts: dict[str, list[Path]] = {}

    def checkout(self, family: Family) -> DatasetVersion | None:
        return DatasetVersion(f"v{self.versions}", self.directory) if self.versions else None

    def append(self, family: Family, records: Sequence[Record]) -> Appended:
        known = record_ids(self.directory)
        new = [record for record in records if record.id not in known]
        if new:
            write_part(self.directory, new, family.targets)
            self.versions += 1
            self.parts[f"v{self.versions}"] = part_paths(self.directory)
        return Appended(f"v{self.versions}", self.directory, len(new))

    def lacking(self, family: Family, records: Sequence[Record]) -> Lacking:
        known = record_ids(self.directory)
        new = [record for record in records if record.id not in known]
        samples, stored = [r.payload for r in new], read_records(self.directory, family.targets)
        return Lacking(new, [record for record in stored if record.payload in samples])

    def open(self, family: Family, version: str) -> DatasetVersion:
        if version not in self.parts:
            raise BadInput(f"{version}: not known here")
        directory = self.directory.with_name(version)
        directory.mkdir(exist_ok=True)
        for path in self.parts[version]:
            shutil.copy(path, directory)
        return DatasetVersion(version, directory)

    def addresses(self, family: Family, version: str) -> dict[str, str]:
        return {path.name: f"memory://{version}/{path.name}" for path in self.parts[version]}

    def pointer_text(self) -> str:
        return f"v{self.versions}"


@dataclass(frozen=True)
class World:
    """What one pass of all steps left; read only.

    Attributes:
        family: the family.
        config: the tiny configuration.
        data: the dataset version.
        prepared_dir: prepared samples.
        model: the trained ensemble.
        evaluation: what evaluation wrote.
        card: the candidate's card.
    """

    family: Family
    config: ElasticConfig
    data: DatasetVersion
    prepared_dir: Path
    model: Path
    evaluation: Path
    card: Card

    def prepared(self, config: FamilyConfig | None = None) -> Prepared:
        return read_prepared(self.prepared_dir, self.family, config or self.config)


@pytest.fixture(scope="session")
def family() -> Family:
    return get_family("elastic_cgcnn")


@pytest.fixture(scope="session")
def config(family: Family) -> ElasticConfig:
    """A network of a few hundred weights, and gates that only nonsense fails."""
    demo: Any = family.preset("demo")
    return replace(
        demo,
        split=SplitConfig(calibration=0.2, test=0.25),
        network=replace(demo.network, atom_fea_len=8, n_conv=1, h_fea_len=16),
        training=replace(
            demo.training, members=2, epochs=16, batch_size=16, learning_rate=0.02, device="cpu"
        ),
        evaluation=replace(
            demo.evaluation,
            golden_requests=3,
            latency_requests=3,
            physics_samples=6,
            learning_curve=(0.5,),
        ),
        limits=replace(
            demo.limits,
            mae_K=0.1,
            mae_G=0.1,
            half_width_K=0.5,
            half_width_G=0.5,
            latency_ms=20000.0,
        ),
    )


@pytest.fixture(scope="session")
def alloys(family: Family) -> list[Record]:
    return make_alloys(family)


@pytest.fixture(scope="session")
def quiet() -> Quiet:
    return lambda done, total, words: None


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path / "data")


@pytest.fixture(scope="session")
def world(
    family: Family,
    config: ElasticConfig,
    alloys: list[Record],
    quiet: Quiet,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """Everything from data to an accepted candidate."""
    root = tmp_path_factory.mktemp("world")
    threads = torch.get_num_threads()
    data = MemoryStore(root / "data").append(family, alloys)
    preprocess(family, data, config, root / "prepared", root / "cache")
    train(root / "prepared", family, config, root / "model", 1, quiet)
    prepared = read_prepared(root / "prepared", family, config)
    card = evaluate(prepared, root / "model", None, "c0ffee", root / "evaluation")
    torch.set_num_threads(threads)
    return World(family, config, data, root / "prepared", root / "model", root / "evaluation", card)
