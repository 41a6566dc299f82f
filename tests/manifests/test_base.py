"""The manifests: whole, without orphans, and of names that agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.on_cluster import KEYS, TRUSTED
from devtools import prometheus_rule
from matops.entrypoints.settings import Settings
from tests.support.kustomize import BUILT, MANIFESTS, build, everything, title

Json = dict[str, Any]

SETTINGS = "ConfigMap/matops-settings"
OVERLAYS = [directory for directory in BUILT if directory.startswith("overlays/")]
S3_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
OPTIONAL = {"MATOPS_MODEL_REGISTRY_TOKEN", "MATOPS_WEBHOOK_SECRET"}
SECRETS = {
    "matops-s3": S3_KEYS,
    "matops-s3-read": S3_KEYS,
    "matops-release": {"MATOPS_COMPARISON_TOKEN", *OPTIONAL},
}
"""Made by users, as docs/operations.md says: the secrets that a pod needs, and their keys.

So is the ConfigMap with the key that is trusted: docs/security.md.
"""

OURS = re.compile(
    r"(registry\.example\.com/)?matops-(python|train-python|serve-python|minio):0\.2\.0"
)
PINNED = re.compile(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9/._-]+:v?\d+\.\d+\.\d+")


def fields(value: Any, name: str) -> Iterator[Any]:
    """Every value of a field of this name, however deep."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == name:
                yield part
            yield from fields(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from fields(part, name)


def names(directory: str, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in build(directory) if item["kind"] == kind}


def files_named(kustomization: Path) -> Iterator[Path]:
    """The files that a kustomization uses."""
    content = yaml.safe_load(kustomization.read_text())
    for field in ("resources", "components"):
        for name in content.get(field, []):
            yield kustomization.parent / name
    for patch in content.get("patches", []):
        if "path" in patch:
            yield kustomization.parent / patch["path"]
    for generator in content.get("configMapGenerator", []):
        for name in [*generator.get("files", []), *generator.get("envs", [])]:
            yield kustomization.parent / name


def test_production_trusts_signed_packages_only_and_local_anybodys() -> None:
    """Where keys are mounted is where the settings name them, for all that load packages."""
    (settings,) = [i for i in build("overlays/production") if title(i) == SETTINGS]
    path = settings["data"]["MATOPS_TRUSTED_KEY"]
    loaders = [
        i for i in build("overlays/production") if i["kind"] in {"CronJob", "ServingRuntime"}
    ]
    assert len(loaders) >= 3
    for item in loaders:
        (containers,), (volumes,) = fields(item, "containers"), fields(item, "volumes")
        mounts = {mount["mountPath"]: mount["name"] for mount in containers[0]["volumeMounts"]}
        volume = mounts[str(Path(path).parent)]
        assert {"name": volume, "configMap": {"name": TRUSTED}} in volumes, title(item)
    assert f"{KEYS}/trusted/key.pem" == path
    assert f"{KEYS}/signing/key.pem" == settings["data"]["MATOPS_SIGNING_KEY"]
    (runtime,) = [item for item in loaders if item["kind"] == "ServingRuntime"]
    assert {"name": "MATOPS_TRUSTED_KEY", "value": path} in next(fields(runtime, "env"))
    (local,) = [i for i in build("overlays/local") if title(i) == SETTINGS]
    assert not {"MATOPS_TRUSTED_KEY", "MATOPS_SIGNING_KEY"} & set(local["data"])


def test_every_file_is_used_and_every_directory_built() -> None:
    reached, waiting = set(), [MANIFESTS / directory for directory in BUILT]
    while waiting:
        path = waiting.pop().resolve()
        if path.is_dir():
            path /= "kustomization.yaml"
            waiting += files_named(path)
        reached.add(path)
    present = {path.resolve() for path in MANIFESTS.rglob("*") if path.is_file()}
    assert present - reached == {MANIFESTS / "components" / "object-store" / "Dockerfile"}
    assert reached <= present


def test_the_operators_rules_are_those_of_the_files() -> None:
    assert prometheus_rule.TARGET.read_text() == prometheus_rule.text()
    groups = yaml.safe_load(prometheus_rule.text())["spec"]["groups"]
    files = [MANIFESTS / "monitoring" / name for name in prometheus_rule.RULES]
    assert files == sorted((MANIFESTS / "monitoring").glob("*-rules.yaml"), reverse=True)
    assert groups == [g for file in files for g in yaml.safe_load(file.read_text())["groups"]]


@pytest.mark.parametrize("item", everything())
def test_images_are_ours_or_pinned(item: Json) -> None:
    for image in fields(item, "image"):
        assert OURS.fullmatch(image) or PINNED.fullmatch(image), image


@pytest.mark.parametrize("directory", OVERLAYS)
def test_names_that_objects_call_each_other_by_exist(directory: str) -> None:
    for item in build(directory):
        where = title(item)
        for name in fields(item, "serviceAccountName"):
            assert name in names(directory, "ServiceAccount"), where
        for claim in fields(item, "persistentVolumeClaim"):
            assert claim["claimName"] in names(directory, "PersistentVolumeClaim"), where
        for field in ("configMapRef", "configMap"):
            for reference in fields(item, field):
                assert reference["name"] in names(directory, "ConfigMap") | {TRUSTED}, where
        for reference in fields(item, "secretRef"):
            assert reference["name"] in SECRETS, where
        for reference in fields(item, "secretKeyRef"):
            assert reference["key"] in SECRETS[reference["name"]], where
            optional = bool(reference.get("optional"))
            assert optional is (reference["key"] in OPTIONAL), f"{where}: {reference}"
        for role in fields(item, "roleRef"):
            assert role["name"] in names(directory, role["kind"]), where
        for subject in fields(item, "subjects"):
            assert {s["name"] for s in subject} <= names(directory, "ServiceAccount"), where


@pytest.mark.parametrize("directory", OVERLAYS)
def test_servers_have_the_key_that_reads_and_who_writes_the_other(directory: str) -> None:
    accounts = [i for i in build(directory) if i["kind"] == "ServiceAccount" and "secrets" in i]
    assert {i["metadata"]["name"]: i["secrets"] for i in accounts} == {
        "matops-serving": [{"name": "matops-s3-read"}]
    }
    [runtime] = [i for i in build(directory) if i["kind"] == "ServingRuntime"]
    references = [*fields(runtime, "secretRef"), *fields(runtime, "secretKeyRef")]
    assert {reference["name"] for reference in references} == {"matops-release"}
    for item in build(directory):
        if item["kind"] == "CronJob":
            assert {"name": "matops-s3"} in list(fields(item, "secretRef")), title(item)


@pytest.mark.parametrize("directory", OVERLAYS)
def test_judge_and_servers_have_the_same_token_and_only_the_judge_the_others(
    directory: str,
) -> None:
    found = {
        title(item): {
            name["name"]: name["valueFrom"]["secretKeyRef"]["key"]
            for variables in fields(item, "env")
            for name in variables
            if name.get("valueFrom", {}).get("secretKeyRef", {}).get("name") == "matops-release"
        }
        for item in build(directory)
    }
    token = {"MATOPS_COMPARISON_TOKEN": "MATOPS_COMPARISON_TOKEN"}
    assert {where: keys for where, keys in found.items() if keys} == {
        "ServingRuntime/matops": token,
        "CronJob/matops-judge": token | {key: key for key in OPTIONAL},
    }


@pytest.mark.parametrize("directory", OVERLAYS)
def test_no_secret_lies_in_the_repository(directory: str) -> None:
    assert not names(directory, "Secret")


@pytest.mark.parametrize("directory", OVERLAYS)
def test_settings_are_settings_that_make_sense(
    directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [found] = [i for i in build(directory) if title(i) == "ConfigMap/matops-settings"]
    known = {f"MATOPS_{name.upper()}" for name in Settings.model_fields}
    assert set(found["data"]) <= known
    for name, value in found["data"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.serving == "kserve"
    assert settings.kubernetes_namespace == found["metadata"]["namespace"]
    assert settings.kubernetes_service_account in names(directory, "ServiceAccount")
    assert settings.prometheus
    assert settings.packages_uri.startswith("s3://")
    assert settings.s3_endpoint
    # What is named within the namespace is a Service of the overlay.
    for url in (settings.prometheus, settings.s3_endpoint):
        host = url.split("//")[1].split(":")[0].split(".")
        if host[1:] == [settings.kubernetes_namespace, "svc"]:
            assert host[0] in names(directory, "Service")


@pytest.mark.parametrize("directory", OVERLAYS)
def test_services_find_their_pods(directory: str) -> None:
    pods = [
        template["metadata"]["labels"] for template in fields(list(build(directory)), "template")
    ]
    pods = [labels for labels in pods if labels]
    for item in build(directory):
        if item["kind"] == "Service":
            wanted = item["spec"]["selector"].items()
            assert any(wanted <= labels.items() for labels in pods), title(item)


@pytest.mark.parametrize("directory", OVERLAYS)
def test_overlays_stay_short(directory: str) -> None:
    lines = sum(len(path.read_text().splitlines()) for path in (MANIFESTS / directory).iterdir())
    assert lines <= 60
