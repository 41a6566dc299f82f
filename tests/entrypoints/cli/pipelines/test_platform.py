"""``matops platform check`` on what kustomize makes of the local overlay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.answering import running
from tests.support.discovery_server import DEPLOYMENTS, Discovery, deployment
from tests.support.kustomize import build

if TYPE_CHECKING:
    from tests.conftest import Matops

PIPELINES = f"{DEPLOYMENTS.format('matops')}/ml-pipeline"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Discovery]:
    """A cluster that has everything, and that the kubeconfig names."""
    with running(Discovery()) as found:
        content = {
            "clusters": [{"name": "here", "cluster": {"server": found.url}}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "here",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(content))
        known = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
        monkeypatch.setattr(known, str(tmp_path / "kubeconfig"))
        yield found


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "local.yaml"
    path.write_text(yaml.safe_dump_all(build("overlays/local")))
    return path


def test_a_cluster_that_has_everything(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    done = matops(tmp_path, "platform", "check", overlay)
    assert (done.status, done.err) == (0, "")
    assert done.out == "the cluster has everything that is needed\n"
    assert json.loads(matops(tmp_path, "platform", "check", overlay, "--json").out) == {"lacks": []}


def test_an_empty_cluster_is_told_line_by_line(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    storage = "/apis/storage.k8s.io/v1/storageclasses"
    cluster.answers = {"/version/": cluster.answers["/version/"], storage: {"items": []}}
    done = matops(tmp_path, "platform", "check", overlay)
    assert done.status == 1
    lines = done.out.splitlines()
    assert all(line.startswith("lacks: ") for line in lines)
    assert sum("does not know this kind" in line for line in lines) > 10
    assert sum("no default storage class" in line for line in lines) == 3
    assert lines[-1] == "lacks: namespace matops: does not exist, nor do the secrets in it"
    assert json.loads(matops(tmp_path, "platform", "check", overlay, "--json").out)["lacks"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/api/v1/namespaces/matops/secrets/matops-s3", "secret matops-s3: does not exist"),
        ("/apis/batch/v1", "batch/v1 CronJob: the cluster does not know"),
        (PIPELINES, "no ml-pipeline"),
    ],
)
def test_one_thing_that_is_gone_is_one_line(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path, path: str, line: str
) -> None:
    del cluster.answers[path]
    done = matops(tmp_path, "platform", "check", overlay)
    assert (done.status, done.out.count("\n")) == (1, 1)
    assert line in done.out


def test_a_shared_kubeflow_needs_a_profile_of_the_namespace(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    del cluster.answers[PIPELINES]
    theirs = deployment("api:2.17.0", "flows")
    cluster.answers[f"{DEPLOYMENTS.format('flows')}/ml-pipeline"] = theirs
    cluster.answers["/apis/apps/v1/deployments"] = {"items": [theirs]}
    done = matops(tmp_path, "platform", "check", overlay)
    assert "that of flows runs nothing" in done.out
    assert "with a Profile matops" in done.out
    cluster.answers["/apis/kubeflow.org/v1/profiles/matops"] = {}
    assert matops(tmp_path, "platform", "check", overlay).status == 0


def test_who_may_not_look_is_told_so_in_one_line(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    cluster.refused = {"/apis/storage.k8s.io/v1/storageclasses"}
    done = matops(tmp_path, "platform", "check", overlay)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "storage classes: 403: /apis/storage.k8s.io/v1/storageclasses is forbidden" in done.err


def test_a_file_that_is_no_manifest_is_refused(matops: Matops, tmp_path: Path) -> None:
    for number, text in enumerate(["a: [", "- 1", "a: 1", "\0"]):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        done = matops(tmp_path, "platform", "check", path)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert done.err == f"matops: {path}: no YAML of Kubernetes objects\n"
