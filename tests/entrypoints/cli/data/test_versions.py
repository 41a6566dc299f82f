"""``matops data`` as a user meets it: log, status, diff, pull and verify."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matops.artifacts.data.dataset import part_paths, record_ids
from tests.conftest import write_source

if TYPE_CHECKING:
    from tests.conftest import Done, Matops

FAMILY = "elastic_cgcnn"


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, matops: Matops) -> Path:
    """A workspace after two ingests: ten alloys, and then six more."""
    root = tmp_path_factory.mktemp("twice")
    for count in (10, 16):
        source = write_source(root / f"first_{count}.json", count)
        done = matops(root / "workspace", "ingest", FAMILY, "--source", source)
        assert done.status == 0, done
    return root / "workspace"


@pytest.fixture
def workspace(twice: Path, tmp_path: Path) -> Path:
    shutil.copytree(twice, tmp_path / "workspace")
    return tmp_path / "workspace"


def answer(done: Done) -> Any:
    assert done.status == 0, done
    return json.loads(done.out)


def test_the_log_says_rows_targets_sources_date_author_and_parent(
    twice: Path, matops: Matops
) -> None:
    newest, oldest = answer(matops(twice, "data", "log", "--json"))
    assert (oldest["rows"], oldest["added"], oldest["parent"]) == (10, 10, "")
    assert (newest["rows"], newest["added"], newest["parent"]) == (16, 6, oldest["version"])
    assert newest["targets"] == {"K_VRH": "GPa", "G_VRH": "GPa"}
    assert sum(newest["sources"].values()) == 6
    assert newest["date"] >= oldest["date"] > "2026"
    assert "@" in newest["author"]
    shown = matops(twice, "data", "log", "--family", FAMILY).out
    assert newest["version"][:12] in shown
    assert "K_VRH / GPa" in shown
    assert answer(matops(twice, "data", "log", "--family", "nanoporous_cnn3d", "--json")) == []


def test_status_says_what_lies_where(workspace: Path, matops: Matops) -> None:
    [found] = answer(matops(workspace, "data", "status", "--json"))
    assert (found["family"], found["parts"], found["at_hand"]) == (FAMILY, 2, 2)
    assert found["remote"]
    part_paths(workspace / "data" / FAMILY)[0].unlink()
    assert "1 of 2" in matops(workspace, "data", "status").out
    shutil.rmtree(workspace / ".matops" / "remote")
    [found] = answer(matops(workspace, "data", "status", "--json"))
    assert not found["remote"]


def test_diff_says_what_came_and_what_went(twice: Path, matops: Matops) -> None:
    newest, oldest = (e["version"] for e in answer(matops(twice, "data", "log", "--json")))
    forth = answer(matops(twice, "data", "diff", oldest[:8], newest[:8], "--json"))
    assert (forth["came"]["rows"], forth["went"]["rows"]) == (6, 0)
    assert sum(forth["came"]["origins"].values()) == 6
    assert any("first_16.json" in origin for origin in forth["came"]["origins"])
    back = answer(matops(twice, "data", "diff", newest, oldest, "--json"))
    assert (back["came"], back["went"]) == (forth["went"], forth["came"])
    assert "first_16.json" in matops(twice, "data", "diff", oldest, newest).out


def test_an_older_version_is_pulled_beside_the_published_one(
    workspace: Path, matops: Matops, tmp_path: Path
) -> None:
    newest, oldest = (e["version"] for e in answer(matops(workspace, "data", "log", "--json")))
    published = record_ids(workspace / "data" / FAMILY)
    # Another machine has nothing but pointer, configuration and remote.
    for name in (".dvc/cache", "data"):
        shutil.rmtree(workspace / name)
    [found] = answer(matops(workspace, "data", "pull", oldest[:6], "--json"))
    assert found["version"] == oldest
    assert len(record_ids(Path(found["directory"]))) == 10
    assert not (workspace / "data").exists()
    out = tmp_path / "out"
    matops(workspace, "data", "pull", oldest, "--out", out)
    assert record_ids(out) < published
    again = matops(workspace, "data", "pull", newest, "--out", out)
    assert (again.status, len(again.err.splitlines())) == (2, 1)
    [found] = answer(matops(workspace, "data", "pull", "--json"))
    assert found["version"] == newest
    assert record_ids(workspace / "data" / FAMILY) == published


def test_verify_finds_nothing_in_whole_data(twice: Path, matops: Matops) -> None:
    found = answer(matops(twice, "data", "verify", "--json"))
    assert found == {"files": 7, "damaged": []}
    oldest = answer(matops(twice, "data", "log", "--json"))[-1]["version"]
    assert answer(matops(twice, "data", "verify", oldest, "--json"))["files"] == 2


@pytest.mark.parametrize("place", ["workspace", "cache", "remote"])
@pytest.mark.parametrize("problem", ["changed", "missing"])
def test_verify_names_what_is_damaged_and_where(
    workspace: Path, matops: Matops, place: str, problem: str
) -> None:
    part = part_paths(workspace / "data" / FAMILY)[0]
    same = {
        path
        for path in workspace.rglob("*")
        if path.is_file() and path.read_bytes() == part.read_bytes()
    }
    within = {
        "workspace": "data",
        "cache": ".dvc/cache",
        "remote": ".matops/remote",
    }[place]
    [target] = [path for path in same if path.is_relative_to(workspace / within)]
    content = bytearray(target.read_bytes())
    target.unlink()
    if problem == "changed":
        content[len(content) // 2] ^= 1
        target.write_bytes(content)
        target.chmod(0o444)
    done = matops(workspace, "data", "verify", "--json")
    assert done.status == 1
    [damage] = json.loads(done.out)["damaged"]
    assert (damage["place"], damage["problem"]) == (place, problem)
    assert damage["file"] == f"{FAMILY}/{part.name}"
    shown = matops(workspace, "data", "verify")
    [line] = [line for line in shown.out.splitlines() if line.startswith(problem)]
    assert line.startswith(f"{problem} in {place}: {FAMILY}/{part.name}")
    assert line.endswith("matops data pull" if place == "workspace" else "matops data mend")
    assert "1 damaged" in shown.out


def test_gc_says_what_it_would_free_and_keeps_what_git_knows(
    workspace: Path, matops: Matops
) -> None:
    assert answer(matops(workspace, "data", "gc", "--older-than", "0", "--json"))["unused"] == []
    before = (workspace / "data.dvc").read_text()
    source = write_source(workspace.parent / "more.json", 20)
    assert matops(workspace, "ingest", FAMILY, "--source", source).status == 0
    after = (workspace / "data.dvc").read_text()
    (workspace / "data.dvc").write_text(before)
    told = matops(workspace, "data", "gc", "--older-than", "0").out
    assert "8 objects" in told
    assert "to free them: matops data gc --delete" in told
    (workspace / "data.dvc").write_text(after)
    for command in ("init -q", "add -f data.dvc", "-c user.name=x -c user.email=x commit -qm x"):
        subprocess.run(["git", *command.split()], cwd=workspace, check=True)
    (workspace / "data.dvc").write_text(before)
    assert matops(workspace, "data", "pull").status == 0
    kept = answer(matops(workspace, "data", "gc", "--older-than", "0", "--delete", "--json"))
    assert (kept["unused"], kept["removed"]) == ([], True)
    shutil.rmtree(workspace / ".git")
    freed = matops(workspace, "data", "gc", "--older-than", "0", "--delete").out
    assert "8 objects" in freed
    assert "freed" in freed
    assert matops(workspace, "data", "pull").status == 0
    assert matops(workspace, "data", "verify").status == 0


def test_mend_says_what_it_brought_back(workspace: Path, matops: Matops) -> None:
    shutil.rmtree(workspace / ".dvc" / "cache")
    assert matops(workspace, "data", "verify").status == 1
    assert answer(matops(workspace, "data", "mend", "--json")) == {"made": 0, "lost": []}
    assert matops(workspace, "data", "verify").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pull", "0000"), "no such version"),
        (("pull", "0"), "4 characters"),
        (("diff", "0000", "1111"), "no such version"),
        (("verify", "0000"), "no such version"),
        (("log", "--family", "other"), "no family is called 'other'"),
    ],
)
def test_an_unknown_version_is_one_line(
    twice: Path, matops: Matops, arguments: tuple[str, ...], words: str
) -> None:
    done = matops(twice, "data", *arguments)
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_a_version_is_not_laid_out_over_anything(
    twice: Path, matops: Matops, tmp_path: Path
) -> None:
    version = answer(matops(twice, "data", "log", "--json"))[0]["version"]
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path, tmp_path / "file"):
        done = matops(twice, "data", "pull", version, "--out", out)
        assert (done.status, done.out) == (2, "")
        assert done.err == f"matops: {out}: not an empty directory\n"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", ["log", "status", "pull", "verify", "mend", "gc"])
def test_a_workspace_without_data_is_one_line(tmp_path: Path, matops: Matops, command: str) -> None:
    done = matops(tmp_path, "data", command)
    assert (done.status, done.out) == (2, "")
    assert "there is no data yet" in done.err


def test_help_explains_every_command(matops: Matops, tmp_path: Path) -> None:
    listed = matops(tmp_path, "data", "--help").out
    for command in ("log", "status", "diff", "pull", "verify", "mend", "gc"):
        assert command in listed
        assert matops(tmp_path, "data", command, "--help").status == 0
