"""The Dockerfile as written; needs no Docker."""

from __future__ import annotations

import re
import tomllib

import pytest

from matops.adapters.local.git_commit import CODE
from tests.support.places import REPOSITORY

LINES = re.sub(r"\\\n", " ", (REPOSITORY / "Dockerfile").read_text()).splitlines()
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
FINAL = ("cpu", "train", "serve")


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def stages() -> dict[str, tuple[str, list[str]]]:
    """What each stage starts from, and its lines."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in LINES:
        if line.startswith("FROM "):
            base, name = re.fullmatch(r"FROM (\S+) AS (\S+)", line).groups()  # type: ignore[union-attr]
            found[name] = (base, [])
        elif found:
            found[name][1].append(line)
    return found


def ancestry(name: str) -> list[str]:
    """A stage and those below it."""
    line = [name]
    while (base := stages()[line[-1]][0]) in stages():
        line.append(base)
    return line


def test_the_only_foreign_base_is_pinned_to_a_day() -> None:
    (base,) = {base for base, _ in stages().values() if base not in stages()}
    assert base == "${BASE_IMAGE}"
    (pinned,) = [arg for arg in instructions("ARG") if arg.startswith("BASE_IMAGE=")]
    assert re.fullmatch(r"BASE_IMAGE=debian:bookworm-\d{8}-slim", pinned)


def test_nothing_floats_and_nothing_names_an_index() -> None:
    text = "\n".join(line for line in LINES if not line.startswith("#"))
    assert "latest" not in text
    assert not re.search(r"https?://|index-url|--find-links|\bADD\b|curl|wget", text)
    makefile = (REPOSITORY / "Makefile").read_text()
    uv = re.search(r"^UV_VERSION := (\S+)", makefile, re.MULTILINE)
    assert uv is not None
    assert f"UV_VERSION={uv[1]}" in instructions("ARG")


@pytest.mark.parametrize("target", FINAL)
def test_what_is_shipped_is_not_built_on_what_builds(target: str) -> None:
    assert ancestry(target) == [target, "runtime", "python"]
    lines = [line for stage in ancestry(target) for line in stages()[stage][1]]
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]
    assert not [line for line in lines if re.search(r"\b(pip3?|uv|gcc) ", line)]


@pytest.mark.parametrize("target", FINAL)
def test_libraries_come_before_code_and_labels_last(target: str) -> None:
    copied = [line for line in stages()[target][1] if line.startswith("COPY --from=")]
    assert copied[-1] == "COPY --from=code /opt/code /opt/matops"
    kinds = [line.split()[0] for line in stages()[target][1] if line[:1].isupper()]
    assert kinds.index("ARG") > max(at for at, kind in enumerate(kinds) if kind == "COPY")


def test_secrets_are_no_part_of_a_build() -> None:
    names = " ".join(instructions("ARG") + instructions("ENV"))
    assert not re.search(r"(?i)secret|token|password|key", names)


def test_the_context_is_a_list_of_what_is_allowed() -> None:
    rules = (REPOSITORY / ".dockerignore").read_text().split("\n")
    assert next(rule for rule in rules if rule and not rule.startswith("#")) == "*"
    assert not [rule for rule in rules if rule.startswith(("!.", "!data", "!models", "!runs"))]


def test_each_extra_that_an_image_asks_for_exists_and_none_is_for_developers() -> None:
    script = (REPOSITORY / "devtools/images/resolve.sh").read_text()
    asked = dict(re.findall(r"^beyond (.*) > \"\$lists/(\w+)\.txt\"", script, re.MULTILINE))
    assert set(asked.values()) == set(FINAL)
    extras = {extra for line in asked for extra in line.split()}
    elsewhere = {"dev", "docs", "bench", "containers", "client", "testing", "export", "all"}
    assert extras | {"training"} == set(PROJECT["optional-dependencies"]) - elsewhere
    assert "pyproject.toml --extra training" in script, "what all images have"


def test_a_tag_claims_a_commit_by_the_same_files_as_a_compiled_pipeline() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert f"\nCODE := {CODE}\n" in makefile
    words = [word for line in instructions("COPY") for word in line.split() if "--from" not in line]
    copied = {word for word in words if word[0] not in "./" and (REPOSITORY / word).exists()}
    own = {word for word in copied if not word.startswith("devtools/images/")}
    assert own - {"LICENSE", "README.md"} <= set(CODE.split())
    assert {"src", "components", "pipelines", "pyproject.toml"} <= own
