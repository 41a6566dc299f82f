"""Files become payloads by the forms that a family declares, and by nothing else."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.core.data.payloads import PayloadForm, form_of_file, read_payload, read_payloads
from matops.core.errors import BadInput

FORMS = (
    PayloadForm("micrograph", "a picture", "iVBOR...", {}, ("*.png",), "base64"),
    PayloadForm("grid", "an array", [[1]], {}, ("*.npy", "*.npz"), "array"),
    PayloadForm("xyz", "atoms", "1\n", {}, ("*.xyz", "XDATCAR*"), "text"),
    PayloadForm("structure", "a structure", {}, {}, ("*.json",), is_structure=True),
)
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
GRID = np.array([[0.5, 1.0], [2.0, -3.0]])


def test_bytes_text_arrays_and_json_stand_in_a_payload_as_their_form_says(tmp_path: Path) -> None:
    (tmp_path / "a.PNG").write_bytes(PNG)
    np.save(tmp_path / "a.npy", GRID)
    np.savez_compressed(tmp_path / "a.npz", solid=GRID > 0, metal="Au", cell_A=40.0)
    (tmp_path / "xdatcar.last").write_text("1\nσ\n")
    (tmp_path / "a.json").write_text('{"lattice": 1}')
    expected: dict[str, Any] = {
        "a.PNG": {"micrograph": base64.b64encode(PNG).decode()},
        "a.npy": {"grid": GRID.tolist()},
        "a.npz": {"grid": {"solid": (GRID > 0).tolist(), "metal": "Au", "cell_A": 40.0}},
        "xdatcar.last": {"xyz": "1\nσ\n"},
        "a.json": {"structure": {"lattice": 1}},
    }
    for name, payload in expected.items():
        assert read_payload(tmp_path / name, FORMS) == payload
        assert json.loads(json.dumps(payload)) == payload


def test_json_is_a_payload_or_a_list_of_them(tmp_path: Path) -> None:
    path = tmp_path / "samples.json"
    path.write_text('[{"xyz": "1"}, {"lattice": 2}]')
    assert read_payloads(path, FORMS) == [{"xyz": "1"}, {"structure": {"lattice": 2}}]
    with pytest.raises(BadInput, match=r"samples\.json: holds 2 samples"):
        read_payload(path, FORMS)
    path.write_text('{"xyz": "1"}')
    assert read_payloads(path, FORMS[:1] + FORMS[2:3]) == [{"xyz": "1"}]


@pytest.mark.parametrize("content", ['{"energy": 1}', "[1]", "3", '[{"xyz": "1"}, null]'])
def test_json_that_is_no_payload_is_refused_with_the_keys_of_payloads(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "sample.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"sample\.json: not a payload.*micrograph, grid, xyz"):
        read_payloads(path, FORMS[:3])


def test_a_file_that_no_form_names_is_refused_with_what_the_model_takes(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_text("Cu")
    with pytest.raises(BadInput) as caught:
        read_payloads(tmp_path / "POSCAR", FORMS)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "POSCAR" in message
    for kind in ("*.json", "*.png", "*.npy", "*.xyz", "XDATCAR*"):
        assert kind in message
    assert form_of_file(tmp_path / "POSCAR", FORMS) is None


def test_a_file_is_bounded_packed_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(65))
    np.savez_compressed(tmp_path / "a.npz", solid=np.zeros(100_000))
    assert (tmp_path / "a.npz").stat().st_size < 10_000
    for name, most in (("a.png", 64), ("a.npz", 10_000)):
        with pytest.raises(BadInput, match=f"{name}: larger than {most} bytes"):
            read_payloads(tmp_path / name, FORMS, most)
    assert read_payloads(tmp_path / "a.png", FORMS, 65)


def test_damaged_and_dangerous_files_are_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("garbage")
    (tmp_path / "empty.npz").write_text("")
    with zipfile.ZipFile(tmp_path / "alien.npz", "w") as archive:
        archive.writestr("a.npy", "garbage")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "folder.png").mkdir()
    names = [path.name for path in tmp_path.iterdir()]
    for name in (*names, "missing.xyz"):
        with pytest.raises(BadInput, match=name) as caught:
            read_payloads(tmp_path / name, FORMS)
        assert len(str(caught.value).splitlines()) == 1
