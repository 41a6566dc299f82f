"""What docs/operations.md backs up of a workspace is enough to go on from, the remote given."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"
PAGE = REPOSITORY / "docs" / "operations.md"


def kept() -> list[str]:
    """What the page's tar packs."""
    [line] = re.findall(r"tar -C /workspace -cz (.+?) > ", PAGE.read_text())
    return str(line).split()


def test_a_workspace_comes_back_from_its_backup(
    released: Released,
    workspace: Path,
    matops: Matops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MATOPS_REMOTE", str(workspace / ".matops" / "remote"))
    archive, restored = tmp_path / "workspace.tgz", tmp_path / "restored"
    subprocess.run(["tar", "-C", workspace, "-czf", archive, *kept()], check=True)
    assert archive.stat().st_size < 5_000_000  # no data: those are in the remote
    restored.mkdir()
    subprocess.run(["tar", "-C", restored, "-xzf", archive], check=True)

    before = json.loads(matops(workspace, "data", "status", "--json").out)
    assert matops(restored, "data", "pull").status == 0
    assert matops(restored, "data", "verify").status == 0
    assert json.loads(matops(restored, "data", "status", "--json").out) == before
    assert matops(restored, "lineage", released.package.name).status == 0
    champion = json.loads((restored / "models" / FAMILY / "champion.json").read_text())
    assert champion["version"] == released.package.name
    answer = matops(restored, "ingest", FAMILY, "--source", released.source, "--json")
    assert json.loads(answer.out)["added"] == 0  # nothing twice
