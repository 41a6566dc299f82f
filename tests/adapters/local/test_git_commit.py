"""The commit of the running code."""

from __future__ import annotations

import subprocess
from pathlib import Path

from matops.adapters.local.git_commit import git_commit


def git(directory: Path, *arguments: str) -> str:
    person = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    command = ["git", *person, "-C", str(directory), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_changed_code_is_told_and_what_is_no_code_is_not(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "unknown"
    code, notes = tmp_path / "src" / "model.py", tmp_path / "notes.txt"
    code.parent.mkdir()
    git(tmp_path, "init", "--quiet")
    for path in (code, notes):
        path.write_text("before")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    notes.write_text("after")
    assert git_commit(code.parent) == commit
    code.write_text("after")
    assert git_commit(code.parent) == f"{commit}-dirty"
    code.write_text("before")
    assert git_commit(code.parent) == commit
    (code.parent / "new.py").write_text("")
    assert git_commit(code.parent) == f"{commit}-dirty", "images would have it"
