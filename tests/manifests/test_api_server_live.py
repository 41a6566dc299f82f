"""The manifests on a real API server: accepted whole, confined, and of few rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    inference_service,
    service_name,
)
from matops.adapters.kubernetes.kserve_state import (
    owned_by,
    read_state,
    state_data,
    state_map,
    state_name,
)
from matops.adapters.kubernetes.kubernetes_objects import (
    SERVICES,
    STATES,
    Conflict,
    KubernetesObjects,
)
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.api_server import ApiServer, running_api_server
from tests.support.kustomize import REPOSITORY, TOOLS, build, title
from tests.support.published_kinds import definitions

pytestmark = pytest.mark.live

Json = dict[str, Any]

NAMESPACE = "matops"
VOLUMES = ("workspace", "tmp")
CONTROLLER = ("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
API_SERVER = ("apps/v1", "Deployment", "ml-pipeline", NAMESPACE)
S3 = {
    "serving.kserve.io/s3-endpoint": "matops-object-store.matops.svc:9000",
    "serving.kserve.io/s3-usehttps": "0",
}


@contextmanager
def cluster_with_kinds(directory: Path) -> Iterator[ApiServer]:
    """A cluster with the kinds that others bring, and nothing of matops."""
    folders = [TOOLS / "crds" / name for name in ("gateway-api", "prometheus-operator")]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("no definitions of others' kinds; make crds fetches them")
    with running_api_server(directory) as server:
        # Too large for the annotation that apply keeps.
        server.kubectl("create", *(f"--filename={folder}" for folder in folders))
        server.add_kinds(definitions())
        yield server


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with cluster_with_kinds(tmp_path_factory.mktemp("cluster")) as server:
        yield server


@pytest.fixture(scope="module")
def deployed(bare: ApiServer) -> ApiServer:
    """The same with the local overlay, and with what the quota's controller would write."""
    bare.kubectl("apply", "--validate=strict", "--filename=-", given=build("overlays/local"))
    [quota] = [item for item in build("overlays/local") if item["kind"] == "ResourceQuota"]
    hard = quota["spec"]["hard"]
    quota = bare.get("resourcequota", "matops", "-n", NAMESPACE)
    quota["status"] = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    bare.kubectl("replace", "--subresource=status", "--filename=-", given=[quota])
    return bare


@pytest.mark.parametrize("overlay", ["overlays/local", "overlays/production"])
def test_an_overlay_is_accepted_without_a_warning(bare: ApiServer, overlay: str) -> None:
    namespace = overlay.split("/")[1]
    bare.kubectl("create", "namespace", namespace)
    items = [
        item | {"metadata": item["metadata"] | {"namespace": namespace}}
        for item in build(overlay)
        if item["kind"] != "Namespace"
    ]
    done = bare.kubectl("apply", "--validate=strict", "--dry-run=server", "-f", "-", given=items)
    assert done.stdout.count("(server dry run)") == len(items)
    assert "Warning" not in done.stderr


def test_the_gateway_is_accepted(bare: ApiServer) -> None:
    bare.kubectl("create", "namespace", "kserve")
    bare.kubectl("apply", "--validate=strict", "--filename=-", given=build("gateway"))


def test_a_misspelt_field_is_refused(bare: ApiServer) -> None:
    for directory, kind in (("overlays/local", "ServingRuntime"), ("gateway", "Gateway")):
        item = deepcopy(next(i for i in build(directory) if i["kind"] == kind))
        item["spec"]["colour"] = "blue"
        item["metadata"]["namespace"] = "default"
        done = bare.kubectl("create", "--validate=strict", "-f", "-", given=[item], fails=True)
        assert "unknown field" in done.stderr
        assert "colour" in done.stderr


def pods() -> dict[str, Json]:
    """A pod as a controller would make it, of each workload."""
    found = {}
    for item in build("overlays/local"):
        spec = item.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            found[title(item)] = template
        if item["kind"] == "ServingRuntime":
            spec = {name: spec[name] for name in ("containers", "volumes")}
            found[title(item)] = {
                "metadata": {"labels": item["spec"]["labels"]},
                "spec": spec | {"serviceAccountName": "matops-serving"},
            }
    return found


WORKLOADS = (
    "CronJob/matops-drift",
    "CronJob/matops-judge",
    "Deployment/matops-object-store",
    "Deployment/matops-prometheus",
    "Job/matops-reading-user",
    "ServingRuntime/matops",
)


def test_no_workload_is_forgotten() -> None:
    assert sorted(pods()) == list(WORKLOADS)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_of_each_workload_is_admitted(deployed: ApiServer, name: str) -> None:
    pod = as_pod(pods()[name])
    done = deployed.kubectl("create", "--dry-run=server", "-f", "-", "-o", "json", given=[pod])
    assert "Warning" not in done.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"securityContext": {"runAsUser": 0, "runAsNonRoot": True}}, "runAsUser=0"),
        ({"hostNetwork": True}, "host namespaces"),
        (
            {"volumes": [{"name": n, "hostPath": {"path": "/"}} for n in ("workspace", "tmp")]},
            "hostPath",
        ),
    ],
)
def test_a_pod_that_could_do_more_is_refused(
    deployed: ApiServer, change: Json, reason: str
) -> None:
    pod = as_pod(pods()["CronJob/matops-judge"])
    pod["spec"] |= change
    done = deployed.kubectl("create", "--dry-run=server", "-f", "-", given=[pod], fails=True)
    assert "violates PodSecurity" in done.stderr
    assert reason in done.stderr


def test_more_than_the_quota_is_refused(deployed: ApiServer) -> None:
    pod = as_pod(pods()["CronJob/matops-judge"])
    pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "17"
    pod["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "17"
    done = deployed.kubectl("create", "--dry-run=server", "-f", "-", given=[pod], fails=True)
    assert "exceeded quota: matops, requested: requests.cpu=17" in done.stderr


def as_pod(template: Json) -> Json:
    pod = deepcopy(template)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        **pod,
        "metadata": {**pod["metadata"], "name": "probe", "namespace": NAMESPACE},
    }


RIGHTS = {
    "matops-pipeline": {
        "get inferenceservices.serving.kserve.io",
        "create inferenceservices.serving.kserve.io",
        "patch inferenceservices.serving.kserve.io",
        "create configmaps.",  # the state's is changed by its name alone
        "get httproutes.gateway.networking.k8s.io",
        "create httproutes.gateway.networking.k8s.io",  # and changed by name alone
        "get services.",
        "get deployments.apps",
        "create workflowtaskresults.argoproj.io",
        "patch workflowtaskresults.argoproj.io",
        *("get pods.", "list pods.", "watch pods."),
    },
    "matops-judge": {
        "get inferenceservices.serving.kserve.io",
        "patch inferenceservices.serving.kserve.io",
        "get httproutes.gateway.networking.k8s.io",
        "create httproutes.gateway.networking.k8s.io",  # and changed by name alone
        "get services.",
        "get deployments.apps",
        "list pods.",
    },
    "matops-monitor": set(),
    "matops-serving": set(),
    "matops-object-store": set(),
    "matops-prometheus": {"get pods.", "list pods.", "watch pods."},
}


@pytest.mark.parametrize("account", RIGHTS)
def test_an_account_may_do_what_its_code_calls_and_no_more(
    deployed: ApiServer, account: str
) -> None:
    verbs = ("get", "list", "watch", "create", "patch", "update", "delete", "deletecollection")
    resources = {
        *("pods.", "services.", "secrets.", "configmaps.", "persistentvolumeclaims."),
        *("serviceaccounts.", "deployments.apps", "cronjobs.batch", "jobs.batch"),
        *("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"),
        *("inferenceservices.serving.kserve.io", "servingruntimes.serving.kserve.io"),
        *("httproutes.gateway.networking.k8s.io", "workflowtaskresults.argoproj.io"),
    }
    may = Permissions(deployed, account)
    allowed = {f"{verb} {name}" for verb in verbs for name in resources if may(verb, name)}
    assert allowed == RIGHTS[account]
    assert set(RIGHTS) == {
        item["metadata"]["name"]
        for item in deployed.get("serviceaccounts", "-n", NAMESPACE)["items"]
    }


class Permissions:
    """Asks the server what an account may do in the namespace."""

    def __init__(self, server: ApiServer, account: str) -> None:
        way = config.new_client_from_config(str(server.kubeconfig))
        self.api = client.AuthorizationV1Api(way)
        self.user = f"system:serviceaccount:{NAMESPACE}:{account}"

    def __call__(self, verb: str, name: str) -> bool:
        resource, _, group = name.partition(".")
        asked = client.V1ResourceAttributes(
            namespace=NAMESPACE, verb=verb, resource=resource, group=group
        )
        spec = client.V1SubjectAccessReviewSpec(resource_attributes=asked, user=self.user)
        review = client.V1SubjectAccessReview(spec=spec)
        return bool(self.api.create_subject_access_review(review).status.allowed)


def make(server: ApiServer, target: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user would, with the tools of this environment in place of .venv."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(TOOLS / "bin"), os.environ["PATH"]]
    )
    environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "PATH": path}
    command = ["make", target, "OVERLAY=local", "READY=", f"BIN={Path(sys.executable).parent}"]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


def others() -> list[Json]:
    """What the installations of others leave in a cluster, as far as it is looked for."""
    ingress = {"enableGatewayApi": True, "kserveIngressGateway": "kserve/kserve-ingress-gateway"}
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        made("v1", "Namespace", "kserve"),
        made("v1", "Namespace", "kubeflow"),
        made(
            "apps/v1",
            "Deployment",
            "kserve-controller-manager",
            "kserve",
            spec=runs("kserve:v0.21.0"),
        ),
        made("apps/v1", "Deployment", "ml-pipeline", NAMESPACE, spec=runs("api-server:2.17.0")),
        made(
            *("v1", "ConfigMap", "inferenceservice-config", "kserve"),
            data={"ingress": json.dumps(ingress)},
        ),
        made(
            *("storage.k8s.io/v1", "StorageClass", "disk"),
            metadata={"name": "disk", "annotations": mark},
            provisioner="rancher.io/local-path",
        ),
        *build("gateway"),
    ]


def made(version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> Json:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **fields}


def runs(image: str) -> Json:
    labels = {"app": "x"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "x", "image": image}]},
    }
    return {"selector": {"matchLabels": labels}, "template": template}


def test_deploy_touches_nothing_until_all_is_there_and_undeploy_keeps_data(
    tmp_path: Path,
) -> None:
    with cluster_with_kinds(tmp_path) as server:
        refused = make(server, "deploy")
        assert refused.returncode != 0
        assert "lacks: KServe: no controller runs" in refused.stdout
        assert f"lacks: namespace {NAMESPACE}: does not exist" in refused.stdout
        namespaces = server.get("namespaces")["items"]
        assert NAMESPACE not in {item["metadata"]["name"] for item in namespaces}

        [namespace] = [item for item in build("overlays/local") if item["kind"] == "Namespace"]
        server.kubectl("apply", "-f", "-", given=[namespace, *others()])
        keys = [f"--from-literal={key}=x" for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        for secret in ("matops-s3", "matops-s3-read"):
            server.kubectl("create", "secret", "generic", secret, "-n", NAMESPACE, *keys)
        token = "--from-literal=MATOPS_COMPARISON_TOKEN=x"
        server.kubectl("create", "secret", "generic", "matops-release", "-n", NAMESPACE, token)
        refused = make(server, "deploy")
        assert refused.stdout.count("lacks: ") == 2, refused.stdout
        assert "annotation serving.kserve.io/s3-endpoint" in refused.stdout

        told = [f"{name}={value}" for name, value in S3.items()]
        server.kubectl("annotate", "secret", "matops-s3-read", "-n", NAMESPACE, *told)
        for words in ("created", "unchanged"):  # doing it twice changes nothing
            done = make(server, "deploy")
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"cronjob.batch/matops-judge {words}" in done.stdout

        done = make(server, "undeploy")
        assert done.returncode == 0, done.stdout + done.stderr
        kept = server.get("all,secrets,persistentvolumeclaims,serviceaccounts", "-n", NAMESPACE)
        assert {title(item) for item in kept["items"]} == {
            "Deployment/ml-pipeline",
            "Secret/matops-release",
            "Secret/matops-s3",
            "Secret/matops-s3-read",
            "PersistentVolumeClaim/matops-object-store",
            "PersistentVolumeClaim/matops-prometheus",
            "PersistentVolumeClaim/matops-workspace",
        }


def test_a_release_writes_with_its_accounts_rights(deployed: ApiServer) -> None:
    family, arm = get_family("elastic_cgcnn"), Arm("a", "8a727648abea", "s3://matops/models/a")
    rollout = Rollout(1, arm, stage_began="then", move="start")
    pipeline, judge = (objects_as(deployed, f"matops-{name}") for name in ("pipeline", "judge"))
    pipeline.create(STATES, state_map(family, rollout))
    pipeline.create(SERVICES, inference_service(family, rollout, PodSettings()))
    name, state = service_name(family), state_name(family)
    service, kept = judge.get(SERVICES, name), judge.get(STATES, state)
    assert service
    assert kept
    assert read_state(kept) == rollout
    later = state_data(replace(rollout, generation=2)) | owned_by(service)
    judge.patch(STATES, kept, later)
    with pytest.raises(Conflict):
        pipeline.patch(STATES, kept, later)  # what was read is old by now
    judge.patch(SERVICES, service, {"spec": {"canary": []}})
    for kind, item in ((SERVICES, name), (STATES, state)):
        with pytest.raises(BadInput, match=r"403: .*cannot delete resource"):
            pipeline.delete(kind, item)
    with pytest.raises(BadInput, match=r"403: .*cannot get resource"):
        judge.get(STATES, "matops-settings")
    with pytest.raises(BadInput, match=r"403: .*cannot get resource"):
        objects_as(deployed, "matops-monitor").get(SERVICES, name)


def from_page(first: str, last: str) -> str:
    """The lines of docs/operations.md from one that begins so to one that ends so."""
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    start = page.index(f"\n{first}") + 1
    return page[start : page.index(last, start) + len(last)]


def run_as_on_the_page(server: ApiServer, script: str) -> str:
    """Run what the page says, with the shell and the tools that a user has."""
    path = os.pathsep.join([str(TOOLS / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "PATH": path}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_toolbox_of_the_backup_is_admitted(deployed: ApiServer) -> None:
    script = from_page("toolbox() {", "\n}")
    assert "job.batch/toolbox created" in run_as_on_the_page(deployed, f"{script}\ntoolbox")
    job = deployed.get("job", "toolbox", "-n", NAMESPACE)
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sleep", "1800"]
    pod = as_pod({"metadata": {}, "spec": job["spec"]["template"]["spec"]})
    done = deployed.kubectl("create", "--dry-run=server", "-f", "-", given=[pod])
    assert "Warning" not in done.stderr


def test_rotated_credentials_keep_their_annotations(deployed: ApiServer) -> None:
    make_secret = from_page(
        "kubectl -n matops create secret generic matops-s3-read", "AWS_SECRET_ACCESS_KEY=..."
    )
    annotate = from_page("kubectl -n matops annotate secret", "s3-usehttps=0")
    rotate = from_page(
        "kubectl -n matops create secret generic matops-s3-read --dry-run", "apply -f -"
    )
    run_as_on_the_page(deployed, f"{make_secret}\n{annotate}")
    run_as_on_the_page(deployed, rotate.replace("=...", "=new"))
    secret = deployed.get("secret", "matops-s3-read", "-n", NAMESPACE)
    assert S3.items() <= secret["metadata"]["annotations"].items()
    assert set(secret["data"].values()) == {b64encode(b"new").decode()}


def test_a_suspended_judge_goes_on(deployed: ApiServer) -> None:
    resume = """kubectl -n matops patch cronjob matops-judge -p '{"spec":{"suspend":false}}'"""
    assert resume in (REPOSITORY / "docs" / "operations.md").read_text()
    for script, suspended in ((resume.replace("false", "true"), True), (resume, False)):
        run_as_on_the_page(deployed, script)
        judge = deployed.get("cronjob", "matops-judge", "-n", NAMESPACE)
        assert judge["spec"]["suspend"] is suspended


def objects_as(server: ApiServer, account: str) -> KubernetesObjects:
    """The cluster as a pod of this account sees it."""
    token = server.kubectl("create", "token", account, "-n", NAMESPACE).stdout.strip()
    way = client.Configuration()
    config.load_kube_config(str(server.kubeconfig), client_configuration=way)
    way.api_key, way.refresh_api_key_hook = {"authorization": f"Bearer {token}"}, None
    return KubernetesObjects(way, NAMESPACE)
