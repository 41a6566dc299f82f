"""``matops.load``: one noun for a package and for a server, with the same answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import ase.build
import pytest
from pymatgen.io.ase import AseAtomsAdaptor

import matops
from matops.core.errors import BadInput
from matops.families import get_family

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"


@pytest.fixture(params=["package", "server", "model's address"])
def where(request: pytest.FixtureRequest, released: Released, served: str) -> str | Path:
    address = f"{served}/v2/models/{FAMILY}"
    return {"package": released.package, "server": served}.get(request.param, address)


def test_a_sample_in_any_form_has_one_answer(where: str | Path, tmp_path: Path) -> None:
    path = get_family(FAMILY).write_example(tmp_path)
    atoms = ase.build.bulk("Cu", cubic=True)
    payload = {"structure": AseAtomsAdaptor.get_structure(atoms).as_dict()}
    model = matops.load(where)
    ordered = model.predict(str(path))
    assert {e.unit for e in ordered.estimates.values()} == {"GPa"}
    assert ordered.coverage == 0.8
    assert ordered.model_version
    again, *coppers = model.predict([path, payload, atoms, AseAtomsAdaptor.get_structure(atoms)])
    assert again.estimates["K_VRH"].value == pytest.approx(ordered.estimates["K_VRH"].value)
    values = [copper.estimates["K_VRH"].value for copper in coppers]
    assert values == pytest.approx([values[0]] * 3, rel=1e-5)
    assert model.predict([]) == []


def test_a_file_of_several_samples_is_asked_for_in_a_list(
    where: str | Path, tmp_path: Path
) -> None:
    sample = {"cif": get_family(FAMILY).write_example(tmp_path).read_text()}
    (tmp_path / "two.json").write_text(json.dumps([sample, sample]))
    model = matops.load(where)
    assert len(model.predict([tmp_path / "two.json"])) == 2
    with pytest.raises(BadInput, match=r"two\.json: holds 2 samples; ask for a list"):
        model.predict(tmp_path / "two.json")


def test_what_can_t_be_asked_about_is_one_line(where: str | Path, tmp_path: Path) -> None:
    (tmp_path / "pores.npy").write_text("garbage")
    model = matops.load(where)
    for sample in (tmp_path / "pores.npy", tmp_path / "missing.cif", {"cif": "copper"}):
        with pytest.raises(BadInput) as caught:
            model.predict(sample)
        assert len(str(caught.value).splitlines()) == 1


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"card\.json: no such file"):
        matops.load(tmp_path)
    with pytest.raises(BadInput, match="no answer"):
        matops.load("http://127.0.0.1:9")


def test_importing_matops_costs_nothing() -> None:
    code = "import sys; import matops; print(len([m for m in sys.modules if 'matops' in m]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
