"""The tutorial's crystals are what it says they are."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Matops
from tests.support.places import REPOSITORY

SCRIPT = REPOSITORY / "docs/examples/make_crystals.py"


@pytest.fixture(scope="module")
def crystals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial") / "crystals"
    subprocess.run([sys.executable, SCRIPT, folder, "Cu", "Au"], check=True)
    return folder


def test_stiffness_has_the_symmetry_of_the_crystal_and_falls_with_its_volume(
    crystals: Path,
) -> None:
    with (crystals / "manifest.csv").open() as file:
        rows = {row["file"]: row["C [GPa]"].split() for row in csv.DictReader(file)}
    by_volume = [
        np.array(rows[f"Cu3Au_{percent}.cif"], float).reshape(6, 6) for percent in (97, 100, 103)
    ]
    for C in by_volume:  # L1_2 is cubic: C11, C12, C44
        assert C[0, 0] == pytest.approx(C[2, 2])
        assert C[0, 1] == pytest.approx(C[1, 2])
        assert C[3, 3] == pytest.approx(C[5, 5])
        assert C[0, 3] == pytest.approx(0, abs=0.01)
    bulk_GPa = [(C[0, 0] + 2 * C[0, 1]) / 3 for C in by_volume]
    # K' = -d ln K / d ln V is 4 to 7 in metals.
    assert -np.log(bulk_GPa[2] / bulk_GPa[0]) / np.log(1.03 / 0.97) == pytest.approx(5.5, abs=1.5)


def test_they_are_ingested(crystals: Path, tmp_path: Path, matops: Matops) -> None:
    done = matops(tmp_path, "ingest", "elastic_cgcnn", "--source", crystals)
    assert done.status == 0, done.err
    assert "15 added" in done.out + done.err
