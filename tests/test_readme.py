"""What READMEs and docs show works: code runs, and commands, options and settings exist."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import typer

from matops.entrypoints.cli import app
from matops.entrypoints.settings import Settings
from matops.families import get_family
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Released

PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text()
    for path in (
        *REPOSITORY.glob("*.md"),
        *sorted((REPOSITORY / "docs").rglob("*.md")),
        *sorted((REPOSITORY / "src/matops/families").rglob("README.md")),
    )
}
README = PAGES["README.md"]
EVERYTHING = "\n".join(PAGES.values())
FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
WITH_PYTHON = [
    name
    for name, text in PAGES.items()
    if "```python" in text and (name == "README.md" or name.startswith("docs/"))
]
SERVER = "http://127.0.0.1:8080"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(text: str, *languages: str) -> list[str]:
    """Fenced blocks, those within tabs and lists included."""
    return [dedent(block) for _, language, block in FENCED.findall(text) if language in languages]


def lines_with(program: str, document: str = README) -> list[list[str]]:
    """Commands of a program in shell blocks, as words without comments."""
    text = "\n".join(blocks(document, "bash", "console", "sh")).replace("\\\n", " ")
    commands = []
    for line in text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True) if program in line else []
        if words and words[0] == program:
            commands.append(words)
    return commands


@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_code_runs(
    page: str,
    released: Released,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """In a workspace of the tests, with their package, server, data and the family's example."""
    monkeypatch.chdir(workspace)
    Path("tutorial").symlink_to(workspace)  # where the tutorial has its workspace
    Path("crystals").mkdir()
    example = get_family("elastic_cgcnn").write_example(workspace)
    shutil.copy(example, "crystals/Cu3Au_100.cif")
    shutil.copy(released.source, "crystals.json")
    names = {"package": str(released.package), "__name__": page}
    for block in blocks(PAGES[page], "python"):
        code = block.replace("VERSION", released.package.name)
        if SERVER in code:
            code = code.replace(SERVER, request.getfixturevalue("served"))
        exec(compile(code, page, "exec"), names)
    assert page != "README.md" or "GPa" in capsys.readouterr().out


@pytest.mark.parametrize("words", lines_with("matops", EVERYTHING), ids=" ".join)
def test_a_command_exists_with_its_options(words: list[str]) -> None:
    assert words[1] in COMMANDS
    command = COMMANDS[words[1]]
    if hasattr(command, "commands"):
        assert words[2] in command.commands
        command = command.commands[words[2]]
    offered = {opt for p in command.params for opt in p.opts} | {"--help"}
    used = {word.split("=")[0] for word in words[2:] if word.startswith("-")}
    assert used <= offered


@pytest.mark.parametrize("words", lines_with("make", EVERYTHING), ids=" ".join)
def test_a_make_target_exists(words: list[str]) -> None:
    targets = re.findall(r"^([a-z -]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert words[1] in " ".join(targets).split()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`MATOPS_([A-Z0-9_]+)`", EVERYTHING))))
def test_a_setting_exists(name: str) -> None:
    assert name.lower() in Settings.model_fields


def test_there_are_commands_to_check() -> None:
    assert len(lines_with("matops")) >= 3


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\]\((?!https?://)([^)#]+)", README))), ids=str
)
def test_a_link_leads_somewhere(target: str) -> None:
    assert (REPOSITORY / target).exists()


PATHS = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|yaml|sh|env|json))`")
MADE = ("build/", "runs/", "models/", "data/", "FAMILY/", ".matops/")
"""Places of a workspace."""


@pytest.mark.parametrize(
    ("page", "path"),
    [
        (page, path)
        for page, text in PAGES.items()
        for path in sorted(set(PATHS.findall(text)))
        if not path.startswith(MADE)
    ],
)
def test_a_file_that_a_page_names_exists(page: str, path: str) -> None:
    """Named from the top, from ``src/matops`` or from where the page is."""
    places = (REPOSITORY, REPOSITORY / "src/matops", (REPOSITORY / page).parent)
    assert any((place / path).exists() for place in places)
