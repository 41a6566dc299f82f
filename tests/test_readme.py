"""What README.md and docs show works: code runs, and commands, options and settings exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from matops.entrypoints.cli import app
from matops.entrypoints.settings import Settings
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Released

README = (REPOSITORY / "README.md").read_text()
DOCS = "\n".join(page.read_text() for page in sorted((REPOSITORY / "docs").glob("*.md")))
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(text: str, *languages: str) -> list[str]:
    return [block for language, block in FENCED.findall(text) if language in languages]


def lines_with(program: str, document: str = README) -> list[list[str]]:
    """Commands of a program in shell blocks, as words without comments."""
    text = "\n".join(blocks(document, "bash", "console", "sh")).replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words and words[0] == program:
            found.append(words)
    return found


def test_the_python_code_runs(
    released: Released,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = blocks(README, "python")
    assert code
    names = {"package": str(released.package)}
    for block in code:
        exec(compile(block, "README.md", "exec"), names)
    assert "GPa" in capsys.readouterr().out


@pytest.mark.parametrize("words", lines_with("matops", README + DOCS), ids=" ".join)
def test_a_command_exists_with_its_options(words: list[str]) -> None:
    assert words[1] in COMMANDS
    command = COMMANDS[words[1]]
    if hasattr(command, "commands"):
        assert words[2] in command.commands
        command = command.commands[words[2]]
    known = {opt for p in command.params for opt in p.opts} | {"--help"}
    used = {word.split("=")[0] for word in words[2:] if word.startswith("-")}
    assert used <= known


@pytest.mark.parametrize("words", lines_with("make"), ids=" ".join)
def test_a_make_target_exists(words: list[str]) -> None:
    targets = re.findall(r"^([a-z -]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert words[1] in " ".join(targets).split()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`MATOPS_([A-Z0-9_]+)`", README + DOCS))))
def test_a_setting_exists(name: str) -> None:
    assert name.lower() in Settings.model_fields


def test_there_are_commands_to_check() -> None:
    assert len(lines_with("matops")) >= 3


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\]\((?!https?://)([^)#]+)", README))), ids=str
)
def test_a_link_leads_somewhere(target: str) -> None:
    assert (REPOSITORY / target).exists()
