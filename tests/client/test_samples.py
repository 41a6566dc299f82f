"""What the client makes of samples, told by a model's metadata and by no science of its own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ase.build
import numpy as np
import pytest

from matops.client import NoAnswer
from matops.client.samples import Accepted, accepted_by, to_payloads
from matops.core.data.payloads import PayloadForm
from matops.core.errors import BadInput
from matops.families import get_family

URL = "http://127.0.0.1:8080"
MICROGRAPHS = (PayloadForm("png", "a micrograph", "iVBOR", {}, ("*.png",), "base64"),)


def metadata(*forms: PayloadForm, **limits: int) -> dict[str, Any]:
    """As a server sends them."""
    said = {"payload_forms": [asdict(form) for form in forms], "limits": limits}
    return dict(json.loads(json.dumps(said)))


def test_metadata_say_which_files_a_model_takes(tmp_path: Path) -> None:
    (tmp_path / "pores.png").write_bytes(b"\x89PNG")
    accepted = accepted_by(URL, metadata(*MICROGRAPHS, body_bytes=4))
    assert accepted == Accepted(MICROGRAPHS, most_bytes=4)
    assert to_payloads(tmp_path / "pores.png", accepted) == [{"png": "iVBORw=="}]
    (tmp_path / "pores.png").write_bytes(b"\x89PNG\r")
    with pytest.raises(BadInput, match=r"pores\.png: larger than 4 bytes"):
        to_payloads(tmp_path / "pores.png", accepted)


@pytest.mark.parametrize("name", ["pores.npy", "x.xyz", "POSCAR", "copper.cif"])
def test_a_file_that_the_model_does_not_take_is_refused_here(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Cu")
    with pytest.raises(BadInput, match=rf"{name}: .*it takes \*\.json, \*\.png"):
        to_payloads(tmp_path / name, Accepted(MICROGRAPHS))


def test_a_server_that_names_no_kinds_of_file_is_sent_json_only(tmp_path: Path) -> None:
    older = {"payload_forms": [{"key": "cif", "description": "", "example": "", "schema": {}}]}
    (tmp_path / "copper.cif").write_text("data_Cu")
    (tmp_path / "copper.json").write_text('{"cif": "data_Cu"}')
    accepted = accepted_by(URL, older)
    assert to_payloads(str(tmp_path / "copper.json"), accepted) == [{"cif": "data_Cu"}]
    with pytest.raises(BadInput, match=r"copper\.cif"):
        to_payloads(tmp_path / "copper.cif", accepted)


@pytest.mark.parametrize("said", [{}, {"payload_forms": 3}, {"payload_forms": [{"key": "cif"}]}])
def test_metadata_without_forms_are_no_model_servers(said: dict[str, Any]) -> None:
    with pytest.raises(NoAnswer, match=f"{URL}: "):
        accepted_by(URL, said)


def test_atoms_of_ase_are_the_crystal_they_are() -> None:
    family = get_family("elastic_cgcnn")
    atoms = ase.build.bulk("NaCl", "rocksalt", a=5.64)
    [payload] = to_payloads(atoms, Accepted(family.payload_forms))
    crystal = family.parse(json.loads(json.dumps(payload)))
    assert crystal.symbols == ["Na", "Cl"]
    assert np.allclose(crystal.lattice_A, atoms.cell.array)
    assert np.allclose(crystal.frac_coords, atoms.get_scaled_positions())


def test_a_structure_is_refused_by_a_model_without_a_form_for_it() -> None:
    with pytest.raises(BadInput, match="takes no structures; it takes png"):
        to_payloads(ase.build.bulk("Cu"), Accepted(MICROGRAPHS))


@pytest.mark.parametrize("thing", [3, None, b"bytes", object()])
def test_what_is_no_sample_is_refused_by_its_type(thing: Any) -> None:
    with pytest.raises(BadInput, match=f"a {type(thing).__name__} is no sample"):
        to_payloads(thing, Accepted(MICROGRAPHS))
