"""Simulation output with a manifest: real LAMMPS and ASE files become records, or say why not."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import ase.build
import ase.io
import numpy as np
import pytest

from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.data import read_source
from matops.physics.elasticity import voigt_reuss_hill
from tests.support.lammps_runs import GOLD_A, run_gold

SAID = {"engine": "LAMMPS 2025", "method": "EAM u3", "licence": "CC0-1.0", "date": "2026-01-31"}
MODULI = {"K_VRH [GPa]": 166.9, "G_VRH [GPa]": 27.3}
CIF_FORM = {"cu.cif": "cif", "cu.vasp": "vasp", "cu.extxyz": "extxyz", "cu.data": "lammps-data"}


@pytest.fixture(scope="module")
def gold_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("gold")
    run_gold(directory)
    return directory


@pytest.fixture
def gold(gold_run: Path, tmp_path: Path) -> Path:
    """The files of the run, in a directory that a test may spoil."""
    return Path(shutil.copytree(gold_run, tmp_path / "gold"))


def manifest(directory: Path, *rows: dict[str, Any], name: str = "manifest.csv") -> Path:
    path = directory / name
    if name.endswith(".json"):
        path.write_text(json.dumps(rows))
        return directory
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return directory


def read(source: Path, **stated: str) -> list[Record | Quarantined]:
    return list(read_source(source, Provenance("", "", **stated)))


def only_record(source: Path, **stated: str) -> Record:
    (found,) = read(source, **stated)
    assert isinstance(found, Record), found
    return found


def refusal(source: Path, **stated: str) -> str:
    (found,) = read(source, **stated)
    assert isinstance(found, Quarantined)
    assert "record 1" in found.reason
    return found.reason


@pytest.mark.parametrize("file", ["gold.data", "gold.dump"])
def test_a_lammps_run_becomes_a_record_by_its_log_alone(gold: Path, file: str) -> None:
    found = only_record(manifest(gold, {"file": file, "log": "log.lammps", "licence": "CC0-1.0"}))
    # Constants of the potential at 0 K: C11/C12/C44 = 183.2/158.8/44.7 GPa.
    assert found.targets["K_VRH"] == pytest.approx((183.2 + 2 * 158.8) / 3, rel=1e-3)
    C = np.diag([183.2 - 158.8] * 3 + [44.7] * 3)
    C[:3, :3] += 158.8
    assert found.targets["G_VRH"] == pytest.approx(voigt_reuss_hill(C).G_VRH_GPa, rel=2e-3)
    crystal = parse_crystal(found.payload)
    assert crystal.symbols == ["Au"] * 4
    assert crystal.volume_A3 == pytest.approx(GOLD_A**3)
    assert found.provenance.engine.startswith("LAMMPS (")
    assert found.provenance.method == "pair_style eam, pair_coeff 1 1 Au_u3.eam"
    assert found.provenance.origin == str(gold / file)
    assert (found.provenance.source, found.provenance.licence) == ("manifest", "CC0-1.0")


@pytest.mark.parametrize(("file", "form"), CIF_FORM.items())
def test_every_form_of_one_crystal_is_the_same_crystal(
    tmp_path: Path, file: str, form: str
) -> None:
    copper = ase.build.bulk("Cu", "fcc", a=3.615, cubic=True)
    ase.io.write(
        tmp_path / file, copper, format=form, **({"masses": True} if "data" in file else {})
    )
    found = only_record(manifest(tmp_path, {"file": file, **SAID, **MODULI}))
    crystal = parse_crystal(found.payload)
    assert sorted(crystal.symbols) == ["Cu"] * 4
    assert crystal.volume_A3 == pytest.approx(3.615**3, rel=1e-5)
    assert found.targets == {"K_VRH": 166.9, "G_VRH": 27.3}
    assert {name: getattr(found.provenance, name) for name in SAID} == SAID


@pytest.mark.parametrize(
    ("unit", "K"),
    [("GPa", 160.0), ("MPa", 160e3), ("Pa", 160e9), ("kbar", 1600.0), ("eV/Å^3", 0.99864)],
)
def test_units_are_converted(gold: Path, unit: str, K: float) -> None:
    row = {"file": "gold.data", **SAID, f"K_VRH [{unit}]": K, f"G_VRH [{unit}]": K / 4}
    assert only_record(manifest(gold, row)).targets == pytest.approx(
        {"K_VRH": 160.0, "G_VRH": 40.0}, rel=1e-4
    )


def test_a_stiffness_is_taken_whole_or_as_its_upper_half_in_csv_and_json(gold: Path) -> None:
    C = np.diag([200.0, 210, 220, 60, 65, 70])
    C[:3, :3] += 100
    moduli = voigt_reuss_hill(C)
    whole = " ".join(map(str, C.ravel()))
    half = " ".join(map(str, 10 * C[np.triu_indices(6)]))
    forms = [
        ({"C [GPa]": whole}, "manifest.csv"),
        ({"C [kbar]": half}, "manifest.csv"),
        ({"C [GPa]": C.tolist()}, "manifest.json"),
    ]
    for columns, name in forms:
        for old in ("manifest.csv", "manifest.json"):
            (gold / old).unlink(missing_ok=True)
        found = only_record(manifest(gold, {"file": "gold.data", **SAID, **columns}, name=name))
        assert found.targets["K_VRH"] == pytest.approx(moduli.K_VRH_GPa)
        assert found.targets["G_VRH"] == pytest.approx(moduli.G_VRH_GPa)


def test_the_last_frame_counts(tmp_path: Path) -> None:
    frames = [ase.build.bulk("Cu", "fcc", a=a, cubic=True) for a in (3.5, 3.7)]
    ase.io.write(tmp_path / "run.extxyz", frames)
    found = only_record(manifest(tmp_path, {"file": "run.extxyz", **SAID, **MODULI}))
    assert parse_crystal(found.payload).volume_A3 == pytest.approx(3.7**3)


def test_the_command_line_fills_in_what_the_manifest_leaves_out(gold: Path) -> None:
    source = manifest(gold, {"file": "gold.data", **MODULI})
    assert "nothing says the engine" in refusal(source)
    assert "nothing says the method" in refusal(source, engine="LAMMPS")
    assert only_record(source, engine="LAMMPS", method="EAM").provenance.method == "EAM"


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


SPOILT = {
    "data cut short": ("gold.data", "4 0 2.04 2.04 0 0 0\n\nVelocities", "", "cut short"),
    "dump cut short": ("gold.dump", "4 1 Au 0 2.04 2.04\n", "", "3 of 4 atoms"),
    "dump without elements": ("gold.dump", "element", "label", "no column element"),
    "dump in other units": ("gold.dump", "metal", "lj", "'lj'"),
    "data in other units": ("gold.data", "units = metal", "units = si", "'si'"),
    "data with strange masses": ("gold.data", "1 196.97", "1 1.5", "does not say the elements"),
    "not periodic": ("gold.dump", "pp pp pp", "pp pp ff", "not periodic"),
    "unfinished log": ("log.lammps", "Total wall time", "total", "has not finished"),
    "failed log": ("log.lammps", "run 0", "ERROR: Lost atoms", "the run failed: ERROR: Lost"),
    "log without a unit": ("log.lammps", " GPa", "", "no unit of stress"),
    "log in another unit": ("log.lammps", " GPa", " psi", "'psi' is no unit of stress"),
    "log without a constant": ("log.lammps", "C44all", "C44", "1 of 21 elastic constants"),
    "no log": ("log.lammps", "LAMMPS (", "GROMACS (", "not a LAMMPS log"),
}


@pytest.mark.parametrize(("file", "old", "new", "reason"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_is_refused_with_its_reason(
    gold: Path, file: str, old: str, new: str, reason: str
) -> None:
    if file == "gold.data" and not new:
        text = (gold / file).read_text()
        (gold / file).write_text(text[: text.index("4 1 0 2.04")])
    else:
        spoil(gold / file, old, new)
    atoms = "gold.dump" if file == "gold.dump" else "gold.data"
    found = refusal(manifest(gold, {"file": atoms, "log": "log.lammps"}))
    assert reason in found
    assert len(found.splitlines()) == 1


BAD_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "missing file": ({"file": "nothere.data"}, "no such file: nothere.data"),
    "no file": ({"file": ""}, "no such file"),
    "outside": ({"file": "../outside.data"}, "../outside.data lies outside the manifest's"),
    "outside by a link": ({"file": "link.data"}, "link.data lies outside the manifest's"),
    "missing log": ({"log": "log.nothere"}, "no such file: log.nothere"),
    "unknown form": ({"file": "log.lammps"}, "no kind of file that the model takes"),
    "wrong content": ({"sha256": "0" * 64}, "not 000000000000…: damaged"),
    "not a date": ({"date": "31.1.2026"}, "'31.1.2026' is not of the form"),
    "not a number": ({"K_VRH [GPa]": "stiff"}, "'stiff' is not a number"),
    "no shear modulus": ({"G_VRH [GPa]": ""}, "no value for G_VRH"),
    "unphysical": ({"K_VRH [GPa]": -3}, "K_VRH = -3 GPa is not physical"),
    "unknown element": ({"species": "Qq"}, "unknown element 'Qq'"),
    "both labels": ({"C [GPa]": " ".join(["1"] * 21)}, "keep one"),
    "ragged stiffness": ({"C [GPa]": "1 2 3"}, "3 numbers"),
}


@pytest.mark.parametrize(("change", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_quarantined_and_the_others_go_through(
    gold: Path, change: dict[str, Any], reason: str
) -> None:
    (gold.parent / "outside.data").write_text((gold / "gold.data").read_text())
    (gold / "link.data").symlink_to(gold.parent / "outside.data")
    good = {"file": "gold.data", **SAID, **MODULI}
    bad, record = read(manifest(gold, {**good, **change}, good))
    assert isinstance(bad, Quarantined)
    assert isinstance(record, Record)
    assert reason in bad.reason
    assert "manifest.csv, record 1" in bad.reason


def test_labels_are_needed_and_an_unstable_crystal_is_no_sample(gold: Path) -> None:
    assert "neither K_VRH" in refusal(manifest(gold, {"file": "gold.data", **SAID}))
    unstable = np.diag([100.0, 100, 100, -5, 50, 50])
    row = {"file": "gold.data", **SAID, "C [GPa]": " ".join(map(str, unstable.ravel()))}
    assert "mechanically unstable" in refusal(manifest(gold, row))
    unstable[0, 1] = 30
    skewed = {**row, "C [GPa]": " ".join(map(str, unstable.ravel()))}
    assert "symmetric" in refusal(manifest(gold, skewed))


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("K_VRH", "column K_VRH has no unit"),
        ("K_VRH [psi]", "'psi' is no unit of stress"),
        ("K_VRH []", "'' is no unit of stress"),
        ("bulk", "unknown column 'bulk'"),
        ("Methd", "unknown column 'Methd'"),
    ],
)
def test_a_column_that_is_not_of_the_schema_refuses_the_manifest(
    gold: Path, column: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=r"manifest\.csv") as caught:
        read(manifest(gold, {"file": "gold.data", **SAID, **MODULI, column: "1"}))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.csv", ""),
        ("manifest.csv", "file,K_VRH [GPa],G_VRH [GPa]\n"),
        ("manifest.json", "[]"),
        ("manifest.csv", "engine\nLAMMPS\n"),
        ("manifest.csv", "file,engine\na.data,LAMMPS,surplus\n"),
        ("manifest.csv", "file,engine\na.data\n"),
        ("manifest.csv", 'file\n"a.data\n'),
        ("manifest.json", "{"),
        ("manifest.json", '{"file": "a.data"}'),
        ("manifest.json", "[3]"),
    ],
)
def test_a_manifest_that_is_no_table_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=name) as caught:
        read(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_two_manifests_are_one_too_many(gold: Path) -> None:
    manifest(gold, {"file": "gold.data"})
    manifest(gold, {"file": "gold.data"}, name="manifest.json")
    with pytest.raises(BadInput, match="keep one"):
        read(gold)


def test_a_checksum_that_fits_lets_the_file_through(gold: Path) -> None:
    digest = hashlib.sha256((gold / "gold.data").read_bytes()).hexdigest()
    row = {"file": "gold.data", "sha256": digest.upper(), **SAID, **MODULI}
    assert only_record(manifest(gold, row)).group == "Au"


def test_species_name_the_elements_of_a_file_that_does_not(gold: Path) -> None:
    spoil(gold / "gold.dump", "element", "label")
    spoil(gold / "gold.dump", " Au ", " 0 ")
    row = {"file": "gold.dump", "species": "Pt", **SAID, **MODULI}
    assert only_record(manifest(gold, row)).group == "Pt"
