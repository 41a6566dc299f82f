"""``matops release`` on a cluster: the command line, KServe's adapter and a fake Kubernetes API.

The network within the cluster is a proxy, as the fake has no pods: it answers what is asked of an
arm's Service as the arm's package recorded it.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from devtools.object_store import BUCKET, ObjectStore
from devtools.recorded_server import Recorded, Server, recorded_answers
from devtools.sibling_package import write_sibling
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import read_card
from matops.entrypoints.learning.outcome import release_package
from matops.entrypoints.release.judging import look_at_release
from matops.entrypoints.settings import read_settings
from tests.conftest import Done
from tests.support.answering import running
from tests.support.kserve_controller import NAMESPACE
from tests.support.kubernetes_server import Cluster
from tests.support.remotes import server_or_skip

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY, SERVICE = "elastic_cgcnn", "elastic-cgcnn"
URI = "pvc://workspace/models"

Release = Callable[..., "Done"]


@contextmanager
def network(models: Path) -> Iterator[str]:
    """URL of a proxy that reaches every arm's Service."""

    class Pod(Recorded):
        @property
        def answers(self) -> dict[str, Any]:
            short = self.headers["host"].removeprefix(f"{SERVICE}-")[1:].split("-")[0]
            [package] = (models / FAMILY).glob(f"{short}*")
            return recorded_answers(package)

    server = Server(("127.0.0.1", 0), Pod)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that the kubeconfig names, which takes no time."""
    with running(Cluster()) as found:
        user = {"name": "me", "user": {}}
        named = {"name": "here", "cluster": {"server": found.url}}
        context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
        content = {"clusters": [named], "users": [user], "contexts": [context]}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps({**content, "current-context": "here"}))
        known = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
        monkeypatch.setattr(known, str(kubeconfig))
        clock = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: 0.0)
        monkeypatch.setattr("matops.adapters.kubernetes.kserve_serving.time", clock)
        monkeypatch.setenv("MATOPS_SERVING", "kserve")
        monkeypatch.setenv("MATOPS_KUBERNETES_NAMESPACE", NAMESPACE)
        yield found


@pytest.fixture
def release(
    cluster: Cluster, matops: Matops, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Release]:
    """``matops release``, with packages where pods find them and no Prometheus that answers."""
    monkeypatch.setenv("MATOPS_PACKAGES_URI", URI)
    monkeypatch.setenv("MATOPS_PROMETHEUS", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with network(workspace / "models") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        yield lambda *arguments: matops(workspace, "release", *arguments)


@pytest.fixture
def newer(released: Released, tmp_path: Path) -> Path:
    return write_sibling(released.package, tmp_path / "newer")


def shares(cluster: Cluster) -> list[int]:
    return sorted(cluster.split.values())


@pytest.fixture
def bucket(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ObjectStore]:
    """An S3 server; its bucket is where pods find packages."""
    with server_or_skip("minio", tmp_path) as server:
        monkeypatch.setenv("MATOPS_PACKAGES_URI", f"s3://{BUCKET}/models")
        monkeypatch.setenv("MATOPS_S3_ENDPOINT", server.endpoint)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


def packages_in(bucket: ObjectStore) -> set[str]:
    """Versions whose card is in the bucket."""
    listed = bucket.client().list_objects(BUCKET, f"models/{FAMILY}/", recursive=True)
    names = [str(item.object_name).split("/")[-2:] for item in listed]
    return {version for version, file in names if file == "card.json"}


def interrupt(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_the_released_model_is_deployed_looked_at_and_taken_away(
    cluster: Cluster, release: Release, released: Released
) -> None:
    done = release("up", FAMILY, "--json")
    assert done.status == 0, done
    status = json.loads(done.out)
    assert status["url"] == f"http://{SERVICE}-{NAMESPACE}.example.com"
    assert (status["unready"], status["prometheus"]) == ({}, [])
    model = cluster.services[SERVICE]["spec"]["predictor"]["model"]
    assert model["storageUri"] == f"{URI}/{FAMILY}/{released.package.name}"
    assert "metrics:" not in release("status", FAMILY).out
    assert release("tick").err == f"{FAMILY}: no release is under way\n"
    assert release("down", FAMILY).status == 0
    assert cluster.states == {}
    assert release("tick") == release("tick", "--json") == Done(0, "", "")
    assert "nothing is deployed" in release("down", FAMILY).err


def test_a_release_is_begun_looked_at_and_promoted(
    cluster: Cluster,
    release: Release,
    newer: Path,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release("up", FAMILY)
    with monkeypatch.context() as patch:
        patch.setattr("matops.entrypoints.release.releasing.time.sleep", interrupt)
        assert release("start", newer).status == 130
    assert shares(cluster) == [10, 10, 80]
    # A scheduled job names no family: it looks at all that are deployed.
    looked = json.loads(release("tick", "--json").out)
    assert looked["ruling"]["move"] == "hold"
    assert looked["evidence"]["paired"]["asked"] > 0
    assert looked["evidence"]["paired"]["golden_mismatches"] == 0
    assert looked["evidence"]["paired"]["candidate_failed"] == 0
    assert release("promote", FAMILY, "--reason", "a hotfix").status == 0
    version = read_card(newer).version
    assert [arm.split("-")[0] for arm in cluster.pods] == [f"m{version[:8]}"]
    champion = json.loads((workspace / "models" / FAMILY / "champion.json").read_text())
    assert champion["version"] == version
    assert "a hotfix" in release("history", FAMILY).out


def test_a_candidate_that_nobody_can_measure_is_set_aside(
    cluster: Cluster, release: Release, newer: Path, released: Released
) -> None:
    release("up", FAMILY)
    impatient = ("--set", "look_every_s=0.01", "--set", "settling_s=0")
    done = release("start", newer, *impatient)
    assert done.status == 3, done
    assert "without measurements, a person decides" in done.err
    versions = [released.package.name, read_card(newer).version]
    assert [arm.split("-")[0] for arm in cluster.pods] == [f"m{name[:8]}" for name in versions]
    assert shares(cluster) == [100]


@contextmanager
def steps_in(workspace: Path) -> Iterator[None]:
    """Steps that are called in this process work in a workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATOPS_WORKSPACE", str(workspace))
        read_settings.cache_clear()
        yield
    read_settings.cache_clear()


def evaluation_of(package: Path, place: Path) -> Path:
    """An evaluation's directory, as the release step gets it."""
    shutil.copytree(package, place / PACKAGE)
    return place


def test_a_pipelines_release_step_begins_the_release_and_looks_lead_it(
    cluster: Cluster, release: Release, newer: Path, workspace: Path, tmp_path: Path
) -> None:
    release("up", FAMILY)
    version = read_card(newer).version
    evaluation = evaluation_of(newer, tmp_path / "evaluation")
    with steps_in(workspace):
        told = release_package(evaluation, tmp_path / "out")
        again = release_package(evaluation, tmp_path / "again")
    assert told["version"] == version
    assert told["state"].startswith("start: ")
    assert again == told
    assert read_card(tmp_path / "out").version == version
    assert shares(cluster) == [10, 10, 80]
    with steps_in(workspace):
        _, waiting = look_at_release(FAMILY, tmp_path / "first.json")
        measured, words = look_at_release(FAMILY, tmp_path / "second.json")
    assert version in waiting
    assert measured == {"under_way": 1.0, "share [%]": 10.0}
    assert "hold" in words
    assert "not measured" in words
    assert json.loads((tmp_path / "second.json").read_text())["evidence"]["paired"]["asked"] > 0
    assert release("promote", FAMILY).status == 0
    with steps_in(workspace):
        assert look_at_release(FAMILY, tmp_path / "third.json")[0] == {"under_way": 0.0}
    champion = json.loads((workspace / "models" / FAMILY / "champion.json").read_text())
    assert champion["version"] == version


def test_a_familys_first_model_is_deployed_by_the_release_step(
    cluster: Cluster, release: Release, released: Released, workspace: Path, tmp_path: Path
) -> None:
    pointer = workspace / "models" / FAMILY / "champion.json"
    pointer.unlink()
    with steps_in(workspace):
        assert "nothing is deployed" in look_at_release(FAMILY, tmp_path / "none.json")[1]
        told = release_package(released.run / "evaluation", tmp_path / "out")
        assert told["state"].startswith("start: ")
        assert not pointer.exists()
        looks = [look_at_release(FAMILY, tmp_path / "look.json")[1] for _ in range(3)]
    assert "golden requests pass" in "".join(looks)
    assert json.loads(pointer.read_text())["version"] == released.package.name
    assert shares(cluster) == [100]


def test_what_a_person_took_down_is_not_deployed_by_the_release_step(
    cluster: Cluster, release: Release, released: Released, workspace: Path, tmp_path: Path
) -> None:
    with steps_in(workspace):
        told = release_package(released.run / "evaluation", tmp_path / "out")
    assert told == {"version": released.package.name}
    assert cluster.services == {}


def test_a_cluster_needs_to_know_where_packages_lie(
    cluster: Cluster, matops: Matops, workspace: Path
) -> None:
    done = matops(workspace, "release", "up", FAMILY)
    assert done.status == 2
    assert "MATOPS_PACKAGES_URI" in done.err
    assert done.err.count("\n") == 1
    assert cluster.services == {}


def test_a_cluster_has_no_port_to_choose(release: Release) -> None:
    done = release("up", FAMILY, "--port", "80")
    assert done.status == 2
    assert "--port 80" in done.err


@pytest.mark.s3
def test_packages_are_in_the_bucket_before_the_deployment_names_them(
    cluster: Cluster,
    release: Release,
    bucket: ObjectStore,
    newer: Path,
    released: Released,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, set[str]]] = []
    answer = cluster.answer

    def note(method: str, path: str, body: Any) -> tuple[int, Any]:
        if method in ("POST", "PATCH"):
            seen.append((json.dumps(body), packages_in(bucket)))
        return answer(method, path, body)

    monkeypatch.setattr(cluster, "answer", note)
    old, new = released.package.name, read_card(newer).version
    assert packages_in(bucket) == set()
    assert release("up", FAMILY).status == 0
    with monkeypatch.context() as patch:
        patch.setattr("matops.entrypoints.release.releasing.time.sleep", interrupt)
        assert release("start", newer).status == 130
    for version in (old, new):
        uri = f"s3://{BUCKET}/models/{FAMILY}/{version}"
        named = [there for body, there in seen if uri in body]
        assert named
        assert all(version in there for there in named)
    assert packages_in(bucket) == {old, new}


@pytest.mark.s3
def test_the_judge_needs_no_workspace_but_the_bucket(
    cluster: Cluster,
    release: Release,
    bucket: ObjectStore,
    newer: Path,
    workspace: Path,
    matops: Matops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release("up", FAMILY)
    with monkeypatch.context() as patch:
        patch.setattr("matops.entrypoints.release.releasing.time.sleep", interrupt)
        release("start", newer)
    fresh, version = tmp_path / "fresh", read_card(newer).version
    looked = matops(fresh, "release", "tick", FAMILY, "--json")
    assert looked.status == 0, looked
    assert json.loads(looked.out)["evidence"]["paired"]["golden_mismatches"] == 0
    assert read_card(fresh / "models" / FAMILY / version).version == version
    assert matops(fresh, "release", "promote", FAMILY).status == 0
    champion = json.loads((fresh / "models" / FAMILY / "champion.json").read_text())
    assert champion["version"] == version


@pytest.mark.s3
def test_a_version_that_only_the_bucket_has_is_found(
    release: Release, bucket: ObjectStore, released: Released, matops: Matops, tmp_path: Path
) -> None:
    release("up", FAMILY)
    fresh, version = tmp_path / "fresh", released.package.name
    told = matops(fresh, "lineage", version, "--json")
    assert (fresh / "models" / FAMILY / version / "card.json").is_file(), told
    assert matops(fresh, "lineage", "51b0c0de51b0").status == 2


@pytest.mark.s3
def test_a_bucket_that_is_missing_stops_before_anything_is_deployed(
    cluster: Cluster,
    release: Release,
    bucket: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MATOPS_PACKAGES_URI", "s3://nosuch/models")
    done = release("up", FAMILY)
    assert done.status == 2
    assert done.err.startswith("matops: s3://nosuch/models/")
    assert "bucket does not exist" in done.err
    assert done.err.count("\n") == 1
    assert cluster.services == {}
