"""A family without a simulation, from outside the tree, goes the whole way; what it says shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.served import Served, describe
from matops.artifacts.data.prepared import read_prepared
from matops.artifacts.model.evaluation import PACKAGE, REPORT
from matops.artifacts.model.package import load_checked, read_card
from matops.core.data.record import Provenance, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.entrypoints.data.ingestion import open_source
from matops.entrypoints.exploring.shards import number_shards
from matops.families import get_family
from matops.steps.exploring.screen import read_card_of
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from matops.steps.quality.evaluate import evaluate
from tests.steps.conftest import MemoryStore
from tests.support.outside_family import install, on_path

if TYPE_CHECKING:
    from tests.conftest import Matops


def quiet(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with on_path(install(tmp_path_factory.mktemp("site"), "jumps")):
        yield get_family("jumps")


def write_source(directory: Path, count: int = 120) -> Path:
    """Jumps in JSON files, and a manifest with their diffusivity in cm^2/s: D = a² Γ / 6."""
    directory.mkdir()
    rng, rows = np.random.default_rng(0), ["file,engine,method,D [cm²/s]"]
    for number in range(count):
        length_A, rate_per_ps = rng.uniform(2, 4), 10 ** rng.uniform(-4, 0)
        jump = {"jump": {"length_A": length_A, "rate_per_ps": rate_per_ps}}
        (directory / f"{number}.json").write_text(json.dumps(jump))
        D_cm2_s = length_A**2 * 1e-16 * rate_per_ps * 1e12 / 6
        rows.append(f"{number}.json,toy,random walk,{D_cm2_s:.12e}")
    (directory / "manifest.csv").write_text("\n".join(rows))
    return directory


@pytest.fixture(scope="module")
def evaluation(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, threads = tmp_path_factory.mktemp("way"), torch.get_num_threads()
    records = list(family.read(write_source(root / "source"), Provenance("", "")))
    assert all(isinstance(record, Record) for record in records)
    config = family.preset("demo")
    data = MemoryStore(root / "data").append(family, records)
    preprocess(family, data, config, root / "prepared", root / "cache")
    train(root / "prepared", family, config, root / "model", 1, quiet)
    prepared = read_prepared(root / "prepared", family, config)
    evaluate(prepared, root / "model", None, "c0ffee", root / "evaluation")
    torch.set_num_threads(threads)
    return root / "evaluation"


def test_the_closed_form_is_the_law_and_is_kept_on_the_card(evaluation: Path) -> None:
    card = read_card(evaluation / PACKAGE)
    assert card.verdict.accepted
    [(heading, text)] = card.explanations.items()
    assert heading == "Closed form"
    numbers = [float(number) for number in re.findall(r"\^(-?\d+\.\d+)", text)]
    # a² Γ / 6 in m²/s from Å and 1/ps: 10^-8 / 6 = 10^-8.78.
    assert numbers == pytest.approx([-8.78, 2.0, 1.0], abs=0.1)


def test_report_and_metadata_show_it_as_it_is(evaluation: Path) -> None:
    card = read_card(evaluation / PACKAGE)
    report = (evaluation / REPORT).read_text()
    assert "What it has learnt" in report
    assert "& <b>" not in report, "the family's text is no HTML"
    assert card.explanations["Closed form"] in unescape(report)
    assert describe(Served.of(card, "local"), Limits())["explanations"] == card.explanations


def test_its_package_answers_in_its_units(evaluation: Path) -> None:
    jump = {"jump": {"length_A": 3.0, "rate_per_ps": 0.1}}
    [prediction] = load_checked(evaluation / PACKAGE).predict([jump])
    assert prediction.estimates["D"].unit == "m^2/s"
    assert prediction.estimates["D"].value == pytest.approx(9e-20 * 1e11 / 6, rel=0.2)


def test_a_demo_without_a_simulation_is_refused_before_it_begins(
    family: Family, matops: Matops, tmp_path: Path
) -> None:
    done = matops(tmp_path / "w", "demo", "--family", "jumps", "--workspace", tmp_path / "demo")
    assert done.status == 2
    assert done.err.strip() == "matops: jumps has no simulation; its sources are: manifest"
    assert not done.out.strip()
    listed = json.loads(matops(tmp_path / "w", "families", "--json").out)
    assert {"manifest"} == next(set(row["sources"]) for row in listed if row["name"] == "jumps")


def test_what_it_cannot_do_is_refused_in_one_line(family: Family, tmp_path: Path) -> None:
    config, stated = family.preset("demo"), Provenance("", "")
    for source, reason in (
        ("simulation", "jumps has no simulation; its sources are: manifest"),
        ("materials-project", "jumps takes nothing from a database; its sources are: manifest"),
    ):
        with pytest.raises(BadInput) as caught:
            open_source(family, config, source, stated, quiet)
        assert str(caught.value) == reason
    with pytest.raises(BadInput, match=r"^jumps has no simulation; its sources are: manifest$"):
        number_shards("jumps", "demo", "{}", 2)
    with pytest.raises(BadInput, match=r"^jumps has no generator of designs$"):
        read_card_of(family, tmp_path)
