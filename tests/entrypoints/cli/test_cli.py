"""The command line as a user meets it: results, refusals and exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from matops.artifacts.data.quarantine import read_quarantine
from matops.artifacts.model.package import load_predictor, read_card
from matops.entrypoints.cli import app
from tests.support.cells import OCCUPIED, cubic_cell

if TYPE_CHECKING:
    from tests.conftest import Done, Matops, Released

FAMILY = "elastic_cgcnn"
BAD_CIFS = {
    "partial": ("Cu1 Cu 0 0 0 0.5\nAu1 Au 0 0 0 0.5\n", "100,50", "partial occupancy"),
    "overlap": ("Cu1 Cu 0 0 0 1\nAu1 Au 0.01 0 0 1\n", "100,50", "overlap"),
    "alien": ("Xx1 Xx 0 0 0 1\n", "100,50", "is no single element"),
    "empty": ("", "100,50", "no atoms"),
    "negative": ("Cu1 Cu 0 0 0 1\n", "-100,50", "not physical"),
    "wordy": ("Cu1 Cu 0 0 0 1\n", "stiff,50", "is not a number"),
}
GOOD_CIFS = {"copper": ("Cu", 2.87, "138,54"), "gold": ("Au", 3.23, "167,31")}


def cif(atoms: str, length: float = 3.6) -> str:
    return cubic_cell(length) + OCCUPIED + atoms


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A CIF directory of which two crystals are good."""
    directory = tmp_path / "crystals"
    directory.mkdir()
    rows = ["id,K_VRH,G_VRH", "missing,100,50"]
    for name, (symbol, length, moduli) in GOOD_CIFS.items():
        (directory / f"{name}.cif").write_text(cif(f"{symbol}1 {symbol} 0 0 0 1\n", length))
        rows.append(f"{name},{moduli}")
    for name, (atoms, moduli, _) in BAD_CIFS.items():
        (directory / f"{name}.cif").write_text(cif(atoms))
        rows.append(f"{name},{moduli}")
    (directory / "id_prop.csv").write_text("\n".join(rows) + "\n")
    return directory


@pytest.fixture
def copper_cif(tmp_path: Path) -> Path:
    path = tmp_path / "copper.cif"
    path.write_text(cif("Cu1 Cu 0 0 0 1\nCu2 Cu .5 .5 0 1\nCu3 Cu .5 0 .5 1\nCu4 Cu 0 .5 .5 1\n"))
    return path


def assert_one_line(done: Done, *words: str) -> None:
    """Exit status 2, nothing on standard output, one line that says what is wrong."""
    assert done.status == 2
    assert done.out == ""
    (line,) = [line for line in done.err.splitlines() if line.startswith("matops: ")]
    assert "Traceback" not in done.err
    assert all(word in line for word in words), line


def test_families_name_every_target_with_its_unit(matops: Matops, tmp_path: Path) -> None:
    done = matops(tmp_path, "families")
    assert done.status == 0
    for name in (FAMILY, "K_VRH / GPa", "G_VRH / GPa", "120, 145301"):
        assert name in done.out


def test_families_as_json_name_targets_payloads_and_presets(matops: Matops, tmp_path: Path) -> None:
    found = {row["name"]: row for row in json.loads(matops(tmp_path, "families", "--json").out)}
    elastic = found[FAMILY]
    assert {t["name"]: t["unit"] for t in elastic["targets"]} == {"K_VRH": "GPa", "G_VRH": "GPa"}
    assert {"cif", "poscar", "structure", "crystal"} <= set(elastic["payloads"])
    assert {"demo", "full"} <= set(elastic["presets"])


def test_a_mixed_directory_is_ingested_as_far_as_it_is_good(
    matops: Matops, mixed: Path, tmp_path: Path
) -> None:
    done = matops(tmp_path / "w", "ingest", FAMILY, "--source", mixed)
    assert done.status == 2
    assert "2 added, 0 known already, 7 refused" in done.out
    refused = [line for line in done.err.splitlines() if line.startswith("refused: ")]
    assert len(refused) == 7
    for name, (_, _, reason) in BAD_CIFS.items():
        (line,) = [line for line in refused if f"{name}.cif" in line]
        assert reason in line
    assert any("missing.cif" in line and "no such file" in line for line in refused)
    assert "Traceback" not in done.err


def test_what_is_known_already_is_not_added_again(
    matops: Matops, mixed: Path, tmp_path: Path
) -> None:
    first = json.loads(matops(tmp_path / "w", "ingest", FAMILY, "--source", mixed, "--json").out)
    again = json.loads(matops(tmp_path / "w", "ingest", FAMILY, "--source", mixed, "--json").out)
    assert (first["added"], first["repeated"]) == (2, 0)
    assert (again["added"], again["repeated"]) == (0, 2)
    assert again["version"] == first["version"]


def test_a_source_without_one_good_record_is_one_line(matops: Matops, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('[{"id": "one", "K_VRH": 1}]')
    done = matops(tmp_path / "w", "ingest", FAMILY, "--source", tmp_path / "bad.json")
    assert_one_line(done, "bad.json", "no usable record")
    [refused] = read_quarantine(tmp_path / "w" / ".matops" / "quarantine" / f"{FAMILY}.jsonl")
    assert refused.origin.endswith("bad.json: one")
    assert "G_VRH" in refused.reason


def test_what_a_damaged_file_holds_does_not_reach_the_terminal(
    matops: Matops, tmp_path: Path
) -> None:
    (tmp_path / "POSCAR").write_text(
        "Cu\n\x1b[2J\x07" + "9" * 500 + "\n1 0 0\n0 1 0\n0 0 1\nCu\n1\n"
    )
    (tmp_path / "manifest.csv").write_text(
        "file,K_VRH [GPa],G_VRH [GPa],engine,method\nPOSCAR,140,48,VASP,PBE\n"
    )
    done = matops(tmp_path / "w", "ingest", FAMILY, "--source", tmp_path)
    assert_one_line(done, "POSCAR: line 2: expected a scale factor")
    assert "\x1b" not in done.err
    assert "\x07" not in done.err
    assert len(done.err) < 600


def test_what_the_disk_refuses_is_one_line(matops: Matops, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('[{"id": "one", "K_VRH": 1}]')
    (tmp_path / "w" / ".matops").mkdir(parents=True)
    (tmp_path / "w" / ".matops" / "quarantine").write_text("a file where a directory should be")
    done = matops(tmp_path / "w", "ingest", FAMILY, "--source", tmp_path / "bad.json")
    assert_one_line(done, "quarantine: File exists")


def test_a_setting_that_makes_no_sense_is_one_line(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_S3_TIMEOUT_S", "soon")
    assert_one_line(matops(tmp_path, "data", "log"), "MATOPS_S3_TIMEOUT_S: ", "valid number")


@pytest.mark.slow
def test_the_simulation_is_ingested_and_its_unstable_alloys_are_no_error(
    matops: Matops, tmp_path: Path
) -> None:
    arguments = ("--source", "simulation", "--set", "simulation.count=8", "--json")
    done = matops(tmp_path, "ingest", FAMILY, *arguments)
    report = json.loads(done.out)
    assert done.status == 0
    assert report["added"] + len(report["quarantined"]) == 8
    # The first six of a campaign are the pure fcc metals, which are all stable.
    assert report["added"] >= 6


BAD_COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    "no such source": (["ingest", FAMILY, "--source", "nowhere.json"], ["nowhere.json"]),
    "unknown layout": (["ingest", FAMILY, "--source", "."], ["not a known layout"]),
    "unknown family": (["ingest", "alchemy", "--source", "x"], ["alchemy", FAMILY]),
    "unknown preset": (
        ["ingest", FAMILY, "--source", "x", "--preset", "huge"],
        ["huge", "demo", "full"],
    ),
    "unknown field": (
        ["ingest", FAMILY, "--source", "x", "--set", "training.epoch=3"],
        ["training.epoch"],
    ),
    "field without value": (["ingest", FAMILY, "--source", "x", "--set", "seed"], ["seed"]),
    "value that does not fit": (
        ["ingest", FAMILY, "--source", "x", "--set", "training.epochs=many"],
        ["training.epochs"],
    ),
    "training without data": (["train", FAMILY, "--out", "run"], ["no data", "matops ingest"]),
    "evaluation of nothing": (["evaluate", "nowhere"], ["nowhere", "no such file"]),
    "unknown pipeline": (["run", "retrain", "-f", FAMILY], ["retrain", "train_and_release"]),
    "pipeline of no family": (["run", "train_and_release", "-f", "alchemy"], ["alchemy"]),
    "prediction without a package": (["predict", "nowhere", "x.cif"], ["nowhere"]),
    "prediction without a server": (
        ["predict", "http://127.0.0.1:9", "x.cif"],
        ["127.0.0.1:9", "no answer"],
    ),
    "serving nothing": (["serve", "nowhere"], ["nowhere"]),
}


@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_bad_input_is_one_line(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD_COMMANDS[name]
    assert_one_line(matops(tmp_path / "w", *arguments), *words)


def test_a_failure_of_a_real_process_has_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "matops", "ingest", FAMILY, "--source", "nowhere.json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip().endswith("matops: nowhere.json: no such file or directory")
    assert "Traceback" not in done.stderr


def test_a_finished_training_is_not_repeated(
    matops: Matops, workspace: Path, tmp_path: Path, small_changes: Callable[..., list[str]]
) -> None:
    train = ("train", FAMILY, "--out", tmp_path / "run", "--preset", "demo")
    few = small_changes(training__epochs=2)
    assert matops(workspace, *train, *few).status == 0
    member = tmp_path / "run/model/member1.safetensors"
    (tmp_path / "run/model/member0.json").unlink()
    weights, stamp = member.read_bytes(), member.stat().st_mtime_ns
    first = (tmp_path / "run/model/member0.safetensors").read_bytes()
    again = matops(workspace, *train, *few)
    assert again.status == 0
    assert (member.read_bytes(), member.stat().st_mtime_ns) == (weights, stamp)
    assert (tmp_path / "run/model/member0.safetensors").read_bytes() == first
    matops(workspace, *train, *small_changes(training__epochs=3))
    assert member.read_bytes() != weights


def test_an_evaluation_can_be_repeated_and_its_json_agrees_with_the_card(
    matops: Matops, workspace: Path, released: Released, tmp_path: Path
) -> None:
    run = shutil.copytree(released.run, tmp_path / "run")
    done = matops(workspace, "evaluate", run, "--json")
    answer = json.loads(done.out)
    # The champion is this very model: it is no worse than itself.
    assert done.status == 0, done
    assert answer["measurements"]["K_VRH.mae_over_champion"]["value"] == pytest.approx(0, abs=1e-6)
    card = read_card(Path(answer["package"]))
    assert answer["accepted"] == card.verdict.accepted
    assert answer["failed_gates"] == [result.gate.name for result in card.verdict.failures]
    assert answer["measurements"]["K_VRH.mae"]["unit"] == "log10(GPa)"
    assert answer["measurements"]["K_VRH.mae"]["value"] == card.measurements["K_VRH.mae"].value


def test_a_rejected_model_is_not_released_and_the_failed_gate_is_shown(
    matops: Matops, workspace: Path, tmp_path: Path, small_changes: Callable[..., list[str]]
) -> None:
    train = ("train", FAMILY, "--out", tmp_path / "run", "--preset", "demo")
    matops(workspace, *train, *small_changes(training__epochs=1, limits__mae_G=1e-9))
    pointer = workspace / "models" / FAMILY / "champion.json"
    before = pointer.read_text()
    done = matops(workspace, "evaluate", tmp_path / "run", "--release")
    assert done.status == 1
    (line,) = [line for line in done.out.splitlines() if "G_VRH error" in line]
    assert "FAIL" in line
    assert pointer.read_text() == before


def predictions(done: Done) -> dict[str, Any]:
    return json.loads(done.out)


def test_package_and_server_give_the_same_numbers(
    matops: Matops, released: Released, served: str, copper_cif: Path, tmp_path: Path
) -> None:
    local = predictions(matops(tmp_path, "predict", released.package, copper_cif, "--json"))
    remote = predictions(matops(tmp_path, "predict", served, copper_cif, "--json"))
    direct = load_predictor(released.package).predict([{"cif": copper_cif.read_text()}])[0]
    for name in ("K_VRH", "G_VRH"):
        here, there = (p[str(copper_cif)]["estimates"][name] for p in (local, remote))
        assert here["value"] == pytest.approx(direct.estimates[name].value, rel=1e-6)
        assert there["value"] == pytest.approx(here["value"], rel=1e-5)
        assert there["unit"] == here["unit"] == "GPa"
        assert here["lower"] < here["value"] < here["upper"]


def test_a_good_file_among_bad_ones_is_answered(
    matops: Matops, released: Released, copper_cif: Path, tmp_path: Path
) -> None:
    bad = {
        "alien.cif": (cif("Xx1 Xx 0 0 0 1\n"), "is no single element"),
        "broken.json": ("{", "not JSON"),
        "POSCAR": ("copper", "POSCAR"),
        "notes.txt": ("copper", "*.cif"),
    }
    for name, (text, _) in bad.items():
        (tmp_path / name).write_text(text)
    files = [tmp_path / "alien.cif", copper_cif, *(tmp_path / name for name in list(bad)[1:])]
    files.append(tmp_path / "nowhere.cif")
    done = matops(tmp_path, "predict", released.package, *files, "--json")
    assert done.status == 2
    assert list(predictions(done)) == [str(copper_cif)]
    refused = [line for line in done.err.splitlines() if line.startswith("refused: ")]
    assert len(refused) == 5
    for name, (_, reason) in bad.items():
        assert any(name in line and reason in line for line in refused), name


@pytest.mark.parametrize("place", ["package", "server"])
def test_samples_of_a_list_are_answered_each(
    matops: Matops, released: Released, served: str, copper_cif: Path, tmp_path: Path, place: str
) -> None:
    sample = {"cif": copper_cif.read_text()}
    (tmp_path / "two.json").write_text(json.dumps([sample, sample]))
    where = served if place == "server" else released.package
    files = (tmp_path / "two.json", tmp_path / "gone.cif")
    done = matops(tmp_path, "predict", where, *files, "--json")
    assert done.status == 2
    assert "gone.cif" in done.err
    one, other = predictions(done).items()
    assert (one[0], other[0]) == tuple(f"{files[0]}[{row}]" for row in (0, 1))
    assert one[1]["estimates"] == other[1]["estimates"]


def test_a_package_is_not_loaded_where_no_file_is_there(matops: Matops, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("not read")
    done = matops(tmp_path, "predict", tmp_path, tmp_path / "gone.cif", "--json")
    assert (done.status, json.loads(done.out)) == (2, {})
    assert done.err.splitlines() == [f"refused: {tmp_path / 'gone.cif'}: no such file"]


def test_asking_a_server_about_a_file_loads_no_model_code(served: str, copper_cif: Path) -> None:
    heavy = "{'torch', 'pymatgen', 'ase', 'pandas', 'scipy', 'kserve', 'dvc', 'kfp'}"
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print(sorted({heavy} & set(sys.modules)), file=sys.stderr))\n"
        "from matops.entrypoints.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "predict", served, str(copper_cif), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[str(copper_cif)]["estimates"]["K_VRH"]["unit"] == "GPa"
    assert done.stderr.strip() == "[]"


def test_the_table_shows_interval_unit_and_domain(
    matops: Matops, released: Released, copper_cif: Path, tmp_path: Path
) -> None:
    gadolinium = tmp_path / "Gd.cif"
    gadolinium.write_text(cif("Gd1 Gd 0 0 0 1\n"))
    done = matops(tmp_path, "predict", released.package, copper_cif, gadolinium)
    assert done.status == 0
    (copper,) = [line for line in done.out.splitlines() if "copper.cif" in line and "K_VRH" in line]
    assert "GPa" in copper
    assert " to " in copper
    (alien,) = [line for line in done.out.splitlines() if "Gd.cif" in line and "K_VRH" in line]
    assert "OUTSIDE" in alien
    assert "unseen: Gd" in alien


COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_there_are_the_commands_that_the_documentation_names() -> None:
    documented = {"families", "ingest", "run", "train", "evaluate", "serve", "predict", "demo"}
    assert documented <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_every_argument_and_option(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    done = matops(tmp_path, name, "--help")
    assert done.status == 0
    assert command.help
    for parameter in command.params:
        shown = parameter.name.upper() if parameter.param_type_name == "argument" else ""
        assert (shown or parameter.opts[0]) in done.out.upper() + done.out
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} is not explained"


def test_the_version_is_that_of_the_package(matops: Matops, tmp_path: Path) -> None:
    done = matops(tmp_path, "--version")
    assert (done.status, done.out) == (0, f"matops {version('matops')}\n")


AT_ONCE: dict[str, tuple[list[str], str]] = {
    "family": (["ingest", "alchemy", "--source", "x"], "no family is called 'alchemy'"),
    "family of a run": (["run", "simulate", "-f", "alchemy"], "no family is called 'alchemy'"),
    "family of a study": (["study", "alchemy"], "no family is called 'alchemy'"),
    "family of a release": (["release", "up", "alchemy"], "no family is called 'alchemy'"),
    "package": (["predict", "nowhere", "x.cif"], "nowhere/card.json: no such file"),
    "package to serve": (["serve", "nowhere"], "nowhere/card.json: no such file"),
    "package to release": (["release", "start", "nowhere"], "nowhere/card.json: no such file"),
    "port": (["serve", ".", "--port", "65536"], "port 65536: not between 1 and 65535"),
    "change": (["train", FAMILY, "--out", "o", "--set", "a"], "'a' is not of the form"),
    "pipeline": (["run", "bake", "-f", FAMILY], "no pipeline is called 'bake'"),
    "limit": (["serve", ".", "--limit", "samples"], "'samples' is not of the form"),
}
HEAVY = "{'torch', 'pandas', 'scipy', 'pymatgen', 'ase', 'kfp', 'kserve', 'dvc', 'httpx', 'numpy'}"


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_can_be_seen_at_once_is_refused_before_anything_heavy_is_imported(
    tmp_path: Path, name: str
) -> None:
    arguments, reason = AT_ONCE[name]
    (tmp_path / "card.json").write_text("not read")
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print(sorted({HEAVY} & set(sys.modules))))\n"
        "from matops.entrypoints.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout.strip()) == (2, "[]")
    assert line.startswith(f"matops: {reason}")


def test_a_port_that_another_program_has_is_refused_at_once(matops: Matops, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("not read")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = matops(tmp_path, "serve", tmp_path, "--port", str(port))
    assert_one_line(done, f"port {port}: Address already in use")


def test_pipelines_are_found_from_any_directory(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MATOPS_PROJECT"}
    command = [sys.executable, "-m", "matops", "run", "simulate", "-f", FAMILY, "--param", "no=1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 2
    assert "the pipeline has no parameter 'no'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("screen_designs",), "elastic_cgcnn has no generator of designs"),
        (("simulate", "--split", "x.csv"), "--split: simulate trains nothing"),
        (("train_and_release", "--split", "no.csv"), "no.csv: No such file or directory"),
    ],
)
def test_what_a_pipeline_can_not_do_is_said_before_its_first_step(
    matops: Matops, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = matops(tmp_path, "run", *arguments, "--family", "elastic_cgcnn")
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert said in line
    assert not (tmp_path / "runs").exists()
