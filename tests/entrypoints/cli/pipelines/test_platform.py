"""``matops platform check`` on what kustomize makes of the local overlay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.answering import running
from tests.support.discovery_server import DEPLOYMENTS, OURS, Discovery, deployment, node
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
    assert json.loads(matops(tmp_path, "platform", "check", overlay, "--json").out) == {
        "lacks": [],
        "advice": [],
    }


def test_an_empty_cluster_is_told_line_by_line(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    storage = "/apis/storage.k8s.io/v1/storageclasses"
    kept = {path: cluster.answers[path] for path in ("/version/", "/api/v1/nodes")}
    cluster.answers = {**kept, storage: {"items": []}}
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
        (
            "/api/v1/namespaces/matops/secrets/matops-s3-read",
            "secret matops-s3-read: does not exist",
        ),
        (
            "/api/v1/namespaces/matops/secrets/matops-release",
            "secret matops-release: does not exist; its keys are MATOPS_COMPARISON_TOKEN",
        ),
        ("/apis/policy/v1", "policy/v1 PodDisruptionBudget: the cluster does not know"),
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


SHIPPED = "/api/v1/namespaces/matops/configmaps/workflow-controller-configmap"
DEFAULTS = "spec: {templateDefaults: {retryStrategy: {limit: '2', retryPolicy: OnError}}}"


def advice(matops: Matops, tmp_path: Path, overlay: Path) -> list[str]:
    """What is advised on a cluster that has everything."""
    done = matops(tmp_path, "platform", "check", overlay)
    first, *lines = done.out.splitlines()
    assert (done.status, first) == (0, "the cluster has everything that is needed")
    assert all(line.startswith("advice: ") for line in lines)
    return [line.removeprefix("advice: ") for line in lines]


def test_a_kubeflow_that_never_tries_again_is_told_what_to_do(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    """As Kubeflow 2.17 is shipped, a step that ended with 3 had one attempt of three."""
    cluster.answers[SHIPPED] = {"metadata": {}, "data": {"workflowDefaults": DEFAULTS}}
    (line,) = advice(matops, tmp_path, overlay)
    assert "a step that fails is not tried again (retryPolicy OnError" in line
    name, _, value = line.partition("; set ")[2].partition(" on the deployment")[0].partition("=")
    for text, remains in ((value, 0), ("{", 1)):
        cluster.answers[PIPELINES] = deployment("api:2.17.0", **OURS, **{name: text})
        assert len(advice(matops, tmp_path, overlay)) == remains


@pytest.mark.parametrize("defaults", ["spec: {}", "spec: [", "text", "spec: {templateDefaults: 1}"])
def test_a_kubeflow_without_a_policy_tries_again(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path, defaults: str
) -> None:
    cluster.answers[SHIPPED] = {"metadata": {}, "data": {"workflowDefaults": defaults}}
    assert advice(matops, tmp_path, overlay) == []


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("{secondsAfterCompletion: 9, secondsAfterSuccess: 3600, secondsAfterFailure: 7200}", 1),
        ("{secondsAfterCompletion: 9}", 0),
        ("text", 0),
    ],
)
def test_a_kubeflow_that_takes_finished_runs_away_is_told_so(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path, strategy: str, said: int
) -> None:
    """As Kubeflow 2.17 is shipped, a run that was to be kept for days was kept for an hour."""
    data = {"workflowDefaults": f"spec: {{ttlStrategy: {strategy}}}"}
    cluster.answers[SHIPPED] = {"metadata": {}, "data": data}
    lines = advice(matops, tmp_path, overlay)
    assert ["go after 3600 s, whatever" in line for line in lines] == [True] * said


def test_a_kubeflow_whose_drivers_need_s3_for_their_logs_is_told_so(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    """A driver whose log was not stored ran again, and each later one of the run failed."""
    for archives, said in (("true", 1), ("false", 0)):
        data = {"artifactRepository": f"archiveLogs: {archives}"}
        cluster.answers[SHIPPED] = {"metadata": {}, "data": data}
        lines = advice(matops, tmp_path, overlay)
        assert [("archiveLogs: false" in line) for line in lines] == [True] * said


def test_runs_that_are_started_on_kubeflows_page_need_our_account(
    cluster: Discovery, overlay: Path, matops: Matops, tmp_path: Path
) -> None:
    cluster.answers[PIPELINES] = deployment("api:2.17.0")
    (line,) = advice(matops, tmp_path, overlay)
    assert "has the rights of pipeline-runner, not of matops-pipeline; set DEFAULTPIPE" in line


def test_pods_that_no_node_can_take_are_named(
    cluster: Discovery,
    overlay: Path,
    matops: Matops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MATOPS_STEP_CPU", "4500m")
    monkeypatch.setenv("MATOPS_TRAIN_GPUS", "1")
    assert advice(matops, tmp_path, overlay) == [
        "steps of pipelines (MATOPS_STEP_CPU, _MEMORY): asks for 4.5 CPUs, 4.0 GiB, and no "
        "node has as much; the largest has 4 CPUs, 16.0 GiB",
        "training in pipelines (MATOPS_TRAIN_CPU, _MEMORY, _GPUS): asks for 1 CPUs, 4.0 "
        "GiB, 1 GPUs, and no node has as much; the largest has 4 CPUs, 16.0 GiB",
    ]
    cluster.answers["/api/v1/nodes"] = {"items": [node(cpu="10m", memory="16Gi")]}
    told = advice(matops, tmp_path, overlay)
    assert any(line.startswith("CronJob matops-judge: asks for ") for line in told)
    cluster.answers["/api/v1/nodes"] = {"items": []}
    assert advice(matops, tmp_path, overlay) == []


def test_a_size_that_is_none_is_one_line(
    overlay: Path, matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_STEP_MEMORY", "lots")
    done = matops(tmp_path, "platform", "check", overlay)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("matops: MATOPS_STEP_MEMORY: ")


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
