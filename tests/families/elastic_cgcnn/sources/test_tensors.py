"""Elastic tensors as labels: moduli of known crystals, and what does not agree is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pymatgen.analysis.elasticity.elastic import ElasticTensor

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.tensors import moduli_of_tensor
from matops.families.elastic_cgcnn.data import read_source
from matops.simulators.output.outcar import read_outcar_run
from tests.support.places import REPOSITORY
from tests.support.real_files.tensors import (
    SI_CELL,
    TENSORS,
    FORSTERITE_GPa,
    LabelFile,
    MAGNESIUM_GPa,
    SILICON_GPa,
    document,
    plain,
    silicon_outcar,
    tables,
    tensor_file,
)

STATED = Provenance("", "", method="PBE", licence="CC0-1.0")


def read(source: Path) -> list[Record | Quarantined]:
    return list(read_source(source, STATED))


@pytest.mark.parametrize("file", TENSORS, ids=lambda file: file.what)
def test_file_gives_the_right_moduli_or_one_line(file: LabelFile, tmp_path: Path) -> None:
    path = file.write(tmp_path)
    try:
        (item,) = read(path)
    except BadInput as error:  # a file that is broken as a whole
        item = Quarantined(str(path), str(error).removeprefix(f"{path}: "))
    if file.refused:
        assert isinstance(item, Quarantined)
        assert item.reason == file.refused
        assert item.origin.startswith(str(path))
        return
    assert isinstance(item, Record), item
    assert item.targets["K_VRH"] == pytest.approx(file.K_GPa, abs=0.01)
    assert item.targets["G_VRH"] == pytest.approx(file.G_GPa, abs=0.01)
    assert item.provenance.source == "elastic-tensor"
    assert "Voigt-Reuss-Hill averages of" in item.provenance.origin


def test_the_table_of_the_docs_is_what_was_tested() -> None:
    page = (REPOSITORY / "docs" / "sources.md").read_text()
    table = page.partition("| a file | its moduli |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.strip().splitlines() == [file.row for file in TENSORS]


@pytest.mark.parametrize("stiffness_GPa", [SILICON_GPa, MAGNESIUM_GPa, FORSTERITE_GPa])
def test_moduli_are_those_of_pymatgen(stiffness_GPa: np.ndarray) -> None:
    tensor = ElasticTensor.from_voigt(stiffness_GPa)
    assert moduli_of_tensor(stiffness_GPa) == {
        "K_VRH": pytest.approx(tensor.k_vrh),
        "G_VRH": pytest.approx(tensor.g_vrh),
    }


def test_shears_of_vasp_come_into_the_order_of_voigt(tmp_path: Path) -> None:
    """K_VRH and G_VRH are the same for every order of the shears, so the tensor is compared."""
    text = silicon_outcar(tables(FORSTERITE_GPa))
    run = read_outcar_run(tensor_file(tmp_path, "OUTCAR", text))
    np.testing.assert_allclose(run.stiffness_GPa, FORSTERITE_GPa, atol=1e-5)
    assert run.engine == "VASP 6.4.2"


def test_structure_is_the_one_that_was_strained(tmp_path: Path) -> None:
    path = tensor_file(tmp_path, "OUTCAR", silicon_outcar(tables(SILICON_GPa)))
    (record,) = read(path)
    assert isinstance(record, Record)
    assert parse_crystal(record.payload).volume_A3 == pytest.approx(abs(np.linalg.det(SI_CELL)))
    assert record.provenance.engine == "VASP 6.4.2"
    assert record.provenance.method == "PBE"
    assert record.provenance.origin == (
        f"{path}: Voigt-Reuss-Hill averages of TOTAL ELASTIC MODULI"
    )


def test_folder_of_runs_is_read_run_by_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tensor_file(tmp_path, "a/OUTCAR", silicon_outcar(tables(SILICON_GPa)))
    tensor_file(tmp_path, "b/OUTCAR", silicon_outcar(""))
    tensor_file(tmp_path, "b/vasprun.xml", "<modeling/>")
    tensor_file(tmp_path, "custodian.json", "[]")
    good, bad = read(tmp_path)
    assert isinstance(good, Record)
    assert isinstance(bad, Quarantined)
    assert bad.origin == str(tmp_path / "b" / "OUTCAR")
    assert "1 JSON files are not read" in caplog.text


def test_vasprun_alone_has_no_moduli(tmp_path: Path) -> None:
    tensor_file(tmp_path, "vasprun.xml", "<modeling/>")
    for source in (tmp_path, tmp_path / "vasprun.xml"):
        with pytest.raises(BadInput, match=r"no elastic moduli in a vasprun\.xml.*OUTCAR"):
            read(source)


def test_folder_of_documents_is_read_one_by_one(tmp_path: Path) -> None:
    """Two of one structure are two calculations, not two halves of one row."""
    tensor_file(tmp_path, "a.json", document(material_id="first"))
    tensor_file(tmp_path, "b.json", plain())
    tensor_file(tmp_path, "c.json", document()[:-1])
    tensor_file(tmp_path, "d.json", json.dumps({"a": 1}))
    first, second, cut, other = read(tmp_path)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert ": first: Voigt" in first.provenance.origin
    assert "C [GPa] (xx yy zz yz xz xy)" in second.provenance.origin
    assert isinstance(cut, Quarantined)
    assert "not readable as JSON" in cut.reason
    assert isinstance(other, Quarantined)
    assert "nor one structure" in other.reason


def test_manifest_takes_the_tensor_of_its_outcar(tmp_path: Path) -> None:
    tensor_file(tmp_path, "OUTCAR", silicon_outcar(tables(SILICON_GPa)))
    tensor_file(tmp_path, "manifest.csv", "file,method\nOUTCAR,PBE\n")
    (record,) = read_source(tmp_path, Provenance("", ""))
    assert isinstance(record, Record)
    assert record.targets["K_VRH"] == pytest.approx(97.83, abs=0.01)
    assert record.provenance.engine == "VASP 6.4.2"


def test_stated_moduli_that_are_not_those_of_the_tensor_are_refused(tmp_path: Path) -> None:
    rows = [json.loads(plain(K_VRH=97.8)), json.loads(plain(K_VRH=9.78))]
    good, bad = read(tensor_file(tmp_path, "x.json", json.dumps(rows)))
    assert isinstance(good, Record)
    assert isinstance(bad, Quarantined)
    assert "K_VRH says 9.78 GPa, but K_VRH of C [GPa]" in bad.reason
