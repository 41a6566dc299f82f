"""A family that is nothing like a crystal, from outside the tree, by a user's commands.

Its samples are PNG images; one target is a pure number, one a diffusivity, one a force on each of
the discs that an image has. Labels come from a manifest in other units than the family's.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import pandas as pd
import pytest

import matops as library
from matops.core.family import Family
from matops.entrypoints.cli.pipelines.demo import running_server
from matops.families import get_family
from matops.testing import Break, FamilyConformance, Lawful
from tests.conftest import Matops
from tests.support.outside_family import install, on_path

NAME = "disc_images"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the family is installed, for this process and those that it starts."""
    site = install(tmp_path_factory.mktemp("site"), NAME)
    with on_path(site), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        yield site


class TestDiscImages(FamilyConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def family(cls, site: Path) -> Family:
        return get_family(NAME)

    @pytest.fixture
    def lawful(self, site: Path) -> Lawful:
        from tests.support import disc_models  # once the family is installed

        return disc_models.LAWFUL

    @pytest.fixture
    def breaks(self, site: Path) -> Mapping[str, Break]:
        from tests.support import disc_models

        return disc_models.BREAKS


class Served(NamedTuple):
    """A released package, its server, and the images that it learnt from."""

    workspace: Path
    package: Path
    images: Path
    url: str


@pytest.fixture(scope="module")
def served(
    site: Path, matops: Matops, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Ingested, trained, judged and released by commands; then served by one."""
    from tests.support.disc_manifest import write_images  # once the family is installed

    root = tmp_path_factory.mktemp("discs")
    images, workspace = write_images(root / "images", 120), root / "workspace"
    for step in (
        ("ingest", NAME, "--source", images, "--json"),
        ("train", NAME, "--out", root / "run", "--preset", "demo"),
        ("evaluate", root / "run", "--release", "--json"),
    ):
        done = matops(workspace, *step)
        assert done.status == 0, (step[0], done.out, done.err)
    champion = json.loads((workspace / "models" / NAME / "champion.json").read_text())["version"]
    package = workspace / "models" / NAME / champion
    with running_server(package, root / "server.log") as url:
        yield Served(workspace, package, images, url)


@pytest.mark.slow
def test_labels_are_in_the_units_of_the_family(served: Served) -> None:
    [part] = (served.workspace / "data" / NAME).glob("part-*.parquet")
    rows = pd.read_parquet(part)
    assert len(rows) == 120
    assert rows["D_eff"].between(1e-9, 2.3e-9).all()
    assert rows["force"].map(lambda force: np.abs(np.asarray(list(force))).max()).max() < 3.0


@pytest.mark.slow
def test_all_gates_are_passed_the_forces_included(served: Served) -> None:
    card = json.loads((served.package / "card.json").read_text())
    assert card["verdict"]["accepted"]
    gates = {result["gate"]["metric"]: result["measured"] for result in card["verdict"]["results"]}
    assert 0 < gates["force.mae"] < 0.1
    assert gates["physics.net_force"] < 1e-3


@pytest.mark.slow
def test_both_protocols_and_every_door_give_the_same_answer(served: Served, matops: Matops) -> None:
    image = served.images / "packing3.png"
    payload = {"png": base64.b64encode(image.read_bytes()).decode()}
    truth = np.load(served.images / "packing3.npy") * 1e-3
    answer = httpx.post(
        f"{served.url}/v1/models/{NAME}:predict", json={"instances": [payload]}, timeout=30
    ).raise_for_status()
    [prediction] = answer.json()["predictions"]
    force = prediction["estimates"]["force"]
    assert force["unit"] == "eV/Å"
    assert np.shape(force["value"]) == truth.shape
    assert np.abs(np.array(force["value"]) - truth).max() < 0.3
    assert (np.array(force["lower"]) < np.array(force["upper"])).all()

    for door in (served.url, served.package):
        same = library.load(door).predict(image)
        assert same.estimates["force"].value == pytest.approx(np.array(force["value"]), rel=1e-4)
        assert same.estimates["D_eff"].unit == "m^2/s"
    done = matops(served.workspace, "predict", served.url, image, "--json")
    assert done.status == 0, done.err
    assert "eV/Å" in json.dumps(json.loads(done.out), ensure_ascii=False)


@pytest.mark.slow
def test_open_inference_tells_rows_of_discs_apart_by_their_count(served: Served) -> None:
    payloads = [
        {"png": base64.b64encode((served.images / f"packing{n}.png").read_bytes()).decode()}
        for n in range(4)
    ]
    body = {
        "inputs": [
            {
                "name": "instances",
                "datatype": "BYTES",
                "shape": [len(payloads)],
                "data": [json.dumps(payload) for payload in payloads],
            }
        ]
    }
    answer = httpx.post(f"{served.url}/v2/models/{NAME}/infer", json=body, timeout=30)
    outputs = {output["name"]: output for output in answer.raise_for_status().json()["outputs"]}
    counts = outputs["atom_count"]["data"]
    truths = [np.load(served.images / f"packing{n}.npy") * 1e-3 for n in range(4)]
    assert counts == [len(truth) for truth in truths]
    assert outputs["force"]["shape"] == [sum(counts), 2]
    force = np.array(outputs["force"]["data"]).reshape(-1, 2)
    assert np.abs(force - np.concatenate(truths)).max() < 0.3
    assert outputs["tortuosity"]["shape"] == [4]


@pytest.mark.slow
def test_what_is_no_image_is_refused_in_one_line(served: Served, matops: Matops) -> None:
    other = served.workspace / "cell.cif"
    other.write_text("data_x\n")
    for door in (served.url, served.package):
        done = matops(served.workspace, "predict", door, other)
        assert done.status == 2
        assert "*.png" in done.out + done.err


@pytest.mark.slow
def test_designs_are_screened_for_the_least_solid_that_conducts_best(
    served: Served, matops: Matops, tmp_path: Path
) -> None:
    done = matops(
        served.workspace,
        *("screen", NAME, "--package", served.package, "--count", 60, "--out", tmp_path / "screen"),
        *("--workers", 1, "--json"),
    )
    assert done.status == 0, done.err
    table = pd.concat(map(pd.read_parquet, sorted((tmp_path / "screen").rglob("*.parquet"))))
    assert len(table) == 60
    assert not table["refused"].fillna("").any()
    expected = effective_diffusivity(table["solid_fraction"])
    assert np.abs(np.log10(table["D_eff"] / expected)).max() < 0.05


def effective_diffusivity(solid_fraction: pd.Series[float]) -> pd.Series[float]:
    """Maxwell's law for water, m²/s."""
    return 2.3e-9 * (1 - solid_fraction) / (1 + solid_fraction)


def test_no_line_of_the_tree_names_it() -> None:
    source = Path(sys.modules["matops"].__file__ or "").parent
    assert [path for path in source.rglob("*.py") if NAME in path.read_text()] == []
