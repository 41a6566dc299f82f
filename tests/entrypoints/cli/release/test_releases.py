"""What ``matops release`` says where there is nothing to say or do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.model_registry_server import Kept, model_registry

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"


@pytest.mark.parametrize("command", ["status", "down", "promote", "rollback", "tick"])
def test_without_a_deployment_one_line_says_so(
    matops: Matops, tmp_path: Path, command: str
) -> None:
    done = matops(tmp_path, "release", command, FAMILY)
    assert done.status == 2
    assert done.err == f"matops: {FAMILY}: nothing is deployed\n"


def test_programs_see_that_nothing_is_deployed(matops: Matops, tmp_path: Path) -> None:
    done = matops(tmp_path, "release", "status", FAMILY, "--json")
    found = json.loads(done.out)
    assert found["rollout"] is None
    assert found["prometheus"][0] == "prometheus"


@pytest.mark.parametrize(
    ("url", "port"),
    [("", 9090), ("http://127.0.0.1:9191", 9191), ("http://metrics", 9090), ("http://m:x", 9090)],
)
def test_the_prometheus_that_is_proposed_listens_where_it_is_asked(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, port: int
) -> None:
    monkeypatch.setenv("MATOPS_PROMETHEUS", url)
    done = matops(tmp_path, "release", "status", FAMILY, "--json")
    assert json.loads(done.out)["prometheus"][-1] == f"--web.listen-address=127.0.0.1:{port}"


def test_a_history_may_be_empty(matops: Matops, tmp_path: Path) -> None:
    done = matops(tmp_path, "release", "history", FAMILY, "--json")
    assert (done.status, json.loads(done.out)) == (0, [])


def test_a_family_without_a_model_has_nothing_to_deploy(matops: Matops, tmp_path: Path) -> None:
    done = matops(tmp_path, "release", "up", FAMILY)
    assert done.status == 2
    assert "no released model" in done.err


def test_a_champion_that_is_not_deployed_comes_first(
    matops: Matops, released: Released, workspace: Path
) -> None:
    candidate = released.run / "evaluation" / "package"
    done = matops(workspace, "release", "start", candidate, "--json")
    assert done.status == 2
    assert f"matops release up {FAMILY}" in done.err


@pytest.mark.parametrize(
    ("change", "reason"),
    [("patience=1", "no field 'patience'"), ("shares_percent=[50,20]", "shares must")],
)
def test_a_policy_that_makes_no_sense_is_refused(
    matops: Matops, released: Released, workspace: Path, change: str, reason: str
) -> None:
    candidate = released.run / "evaluation" / "package"
    done = matops(workspace, "release", "start", candidate, "--set", change)
    assert done.status == 2
    assert reason in done.err


def test_a_released_model_is_registered_by_hand(
    matops: Matops, released: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = matops(released.workspace, "release", "register", "elastic_cgcnn")
    assert named.status == 2
    assert named.err.startswith("matops: no registry is named: set MATOPS_MODEL_REGISTRY")
    kept = Kept()
    with model_registry(kept) as url:
        monkeypatch.setenv("MATOPS_MODEL_REGISTRY", f"kubeflow:{url}")
        done = matops(released.workspace, "release", "register", "elastic_cgcnn")
        version = released.package.name
        assert (done.status, done.out) == (0, f"registered as elastic_cgcnn/{version}\n"), done.err
        [artifact] = kept.objects["artifacts"].values()
        assert artifact["uri"].startswith("matops://")
        assert artifact["uri"].endswith(str(released.package.resolve()))
        monkeypatch.setenv("MATOPS_MODEL_REGISTRY", "somewhere")
        wrong = matops(released.workspace, "release", "register", "elastic_cgcnn")
    assert wrong.status == 2
    assert wrong.err.startswith("matops: MATOPS_MODEL_REGISTRY: ")
    assert wrong.err.count("\n") == 1
