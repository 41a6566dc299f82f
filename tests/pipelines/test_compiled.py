"""What every compiled pipeline must say, to Kubeflow and to people; nothing of it runs here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import (
    PipelineDeploymentConfig,
    PipelineSpec,
    PlatformSpec,
)

from components.on_cluster import ENDS_WITHIN_S, GPU_NODES, NEEDS, USER, WORKSPACE_CLAIM
from components.step import IMAGE, TRAIN_IMAGE
from matops.entrypoints.settings import Settings, pod_variables
from pipelines.__main__ import RESERVED, Choices, compile_all
from tests.conftest import COMMIT
from tests.pipelines.conftest import Compiled
from tests.support.places import REPOSITORY

PIPELINES = sorted(path.stem for path in (REPOSITORY / "pipelines").glob("[!_]*.py"))
RESERVES = {name: Settings.model_fields[name].default for name in RESERVED}
ROOMY = {
    "ingest",
    "decide",
    "preprocess",
    "evaluate",
    "simulate-shard",
    "screen-shard",
    "merge-screening",
    "begin-tuning",
    "run-trials",
    "conclude-tuning",
}
KEEP_TRIALS = {"begin-tuning", "run-trials", "conclude-tuning"}
OWN_KINDS = {
    "evaluate": {"report": "HTML", "parity": "HTML", "verdict": "Markdown", "metrics": "Metrics"},
    "reject": {"reasons": "Markdown", "metrics": "Metrics"},
    "decide": {"reasons": "Markdown", "metrics": "Metrics"},
    "conclude": {"summary": "Markdown", "metrics": "Metrics"},
    "judge": {"reasons": "Markdown", "metrics": "Metrics"},
    "train": {"model": "Model"},
    "release": {"package": "Model"},
}

Task = dict[str, Any]


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest, compiled: dict[str, Compiled]) -> Compiled:
    return compiled[request.param]


@pytest.fixture
def training(compiled: dict[str, Compiled]) -> Compiled:
    return compiled["train_and_release"]


def steps(pipeline: Compiled) -> Iterator[tuple[str, Task, Task]]:
    """Name, task and container of every step."""
    for name, task in pipeline.tasks.items():
        yield name, task, pipeline.container(task)


def test_every_pipeline_is_compiled_and_every_component_is_used(
    compiled: dict[str, Compiled],
) -> None:
    assert sorted(compiled) == PIPELINES
    assert {name for p in compiled.values() for name in p.tasks} == set(NEEDS)


def test_kubeflow_reads_the_file_back(pipeline: Compiled) -> None:
    loaded = components.load_component_from_file(str(pipeline.path))
    assert loaded.name == pipeline.spec["pipelineInfo"]["name"]


def test_every_field_is_one_that_kubeflow_knows(pipeline: Compiled) -> None:
    json_format.ParseDict(pipeline.spec, PipelineSpec())
    json_format.ParseDict(pipeline.spec["deploymentSpec"], PipelineDeploymentConfig())
    json_format.ParseDict(pipeline.platform, PlatformSpec())
    kubernetes = pipeline.platform["platforms"]["kubernetes"]
    for config in kubernetes["deploymentSpec"]["executors"].values():
        json_format.ParseDict(config, KubernetesExecutorConfig())


def test_a_misspelt_field_is_none_that_kubeflow_knows(training: Compiled) -> None:
    config = dict(training.pod(training.tasks["train"]))
    config["activeDeadlineSecond"] = config.pop("activeDeadlineSeconds")
    with pytest.raises(json_format.ParseError, match="activeDeadlineSecond"):
        json_format.ParseDict(config, KubernetesExecutorConfig())


def test_every_step_says_what_it_needs(pipeline: Compiled) -> None:
    for name, task, container in steps(pipeline):
        resources = container["resources"]
        asked = {"resourceCpuRequest", "resourceCpuLimit"}
        asked |= {"resourceMemoryRequest", "resourceMemoryLimit"}
        assert asked <= set(resources), name
        assert resources["resourceMemoryRequest"] == resources["resourceMemoryLimit"], name
        assert task["retryPolicy"]["maxRetryCount"] >= 2, name
        assert task["retryPolicy"]["backoffDuration"] == "60s", name
        # Kubeflow counts from the first attempt's beginning: as long as the run may take.
        assert task["retryPolicy"]["backoffMaxDuration"] == f"{ENDS_WITHIN_S}s", name
        assert 0 < int(pipeline.pod(task)["activeDeadlineSeconds"]) <= 3 * 86_400, name


def test_every_step_has_a_name_for_people(pipeline: Compiled) -> None:
    titles = {name: task["taskInfo"]["name"] for name, task in pipeline.tasks.items()}
    assert titles == {name: NEEDS[name].title for name in titles}
    assert len(set(titles.values())) == len(titles)
    assert not {title for name, title in titles.items() if title == name}


def test_every_pod_has_volume_settings_secrets_and_no_root(pipeline: Compiled) -> None:
    for name, task, container in steps(pipeline):
        pod = pipeline.pod(task)
        (claim,) = pod["pvcMount"]
        assert (claim["constant"], claim["mountPath"]) == ("matops-workspace", "/workspace"), name
        assert "/tmp" in {mount["mountPath"] for mount in pod["emptyDirMounts"]}, name
        assert pod["securityContext"] == {
            "runAsUser": str(USER),
            "runAsGroup": str(USER),
            "runAsNonRoot": True,
        }, name
        (settings,) = pod["configMapAsEnv"]
        assert settings["configMapName"] == "matops-settings"
        keys = [entry["configMapKey"] for entry in settings["keyToEnv"]]
        assert keys == [entry["envVar"] for entry in settings["keyToEnv"]] == [*pod_variables()]
        secrets = {
            secret["secretName"]: [entry["envVar"] for entry in secret["keyToEnv"]]
            for secret in pod["secretAsEnv"]
        }
        assert secrets == {
            "matops-s3": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
            "matops-materials-project": ["MP_API_KEY"],
            "matops-release": ["MATOPS_MODEL_REGISTRY_TOKEN", "MATOPS_WEBHOOK_SECRET"],
            **({"matops-tuning": ["MATOPS_TUNING_STORAGE"]} if name in KEEP_TRIALS else {}),
        }, name
        assert "env" not in container, name


def test_only_the_step_that_judges_gets_the_key_that_signs(pipeline: Compiled) -> None:
    for name, task, _ in steps(pipeline):
        pod = pipeline.pod(task)
        (trusted,) = pod["configMapAsVolume"]
        assert (trusted["configMapName"], trusted["optional"]) == ("matops-trusted", True), name
        keys = [secret["secretName"] for secret in pod.get("secretAsVolume", [])]
        assert keys == (["matops-signing"] if name == "evaluate" else []), name


def test_pods_get_the_namespaces_settings_and_not_those_of_their_image() -> None:
    assert {"MATOPS_REMOTE", "MATOPS_SERVING", "MATOPS_PACKAGES_URI"} <= set(pod_variables())
    assert not {"MATOPS_WORKSPACE", "MATOPS_COMMIT", "MP_API_KEY"} & set(pod_variables())


def test_pods_ask_for_what_the_manifests_make() -> None:
    manifests = REPOSITORY / "manifests"
    files = [*manifests.glob("base/settings.env"), *manifests.glob("overlays/*/settings.env")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    keys = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert keys
    assert keys <= set(pod_variables())
    (claim,) = yaml.safe_load_all((manifests / "base" / "workspace.yaml").read_text())
    assert claim["metadata"]["name"] == WORKSPACE_CLAIM
    accounts = yaml.safe_load_all((manifests / "base" / "accounts.yaml").read_text())
    names = {found["metadata"]["name"] for found in accounts if found["kind"] == "ServiceAccount"}
    assert Settings.model_fields["kfp_service_account"].default in names


def test_only_what_knows_the_datas_version_is_cached(pipeline: Compiled) -> None:
    """Kubeflow's cache looks at parameters and at numbers of artifacts, never at their content."""
    cached = {n for n, t in pipeline.tasks.items() if t["cachingOptions"].get("enableCache")}
    assert cached == {"preprocess", "train"} & set(pipeline.tasks)
    for name in cached:
        version = pipeline.tasks[name]["inputs"]["parameters"]["version"]
        source = version["taskOutputParameter"]
        assert (source["producerTask"], source["outputParameterKey"]) == ("ingest", "version")


def test_what_is_cached_takes_no_artifact_that_is_made_anew(pipeline: Compiled) -> None:
    """Kubeflow numbers what a step that ran hands on, and its cache knows artifacts by number."""
    for name, task in pipeline.tasks.items():
        if task["cachingOptions"].get("enableCache"):
            for taken in task["inputs"].get("artifacts", {}).values():
                producer = pipeline.tasks[taken["taskOutputArtifact"]["producerTask"]]
                assert producer["cachingOptions"].get("enableCache"), name


def test_no_image_is_named_by_a_tag_that_can_be_built_again(pipeline: Compiled) -> None:
    """Kubeflow's cache looks at the name of an image, never at what it is."""
    names = {container["image"] for _, _, container in steps(pipeline)}
    for component in (pipeline.spec["root"], *pipeline.spec["components"].values()):
        parameters = component.get("inputDefinitions", {}).get("parameters", {})
        names.add(parameters.get("train_image", {}).get("defaultValue", ""))
    for name in names - {"", "{{$.inputs.parameters['pipelinechannel--train_image']}}"}:
        assert name.endswith(f"-{COMMIT[:12]}"), name
    assert any(name.startswith("matops-python:") for name in names)


def test_images_and_shards_at_once_are_chosen_when_compiled_not_when_loaded(
    tmp_path: Path,
) -> None:
    for name, at_once in (("first", 2), ("second", 3)):
        images = {IMAGE: f"{name}:1", TRAIN_IMAGE: f"{name}-train:1"}
        defaults = {"train_image": f"{name}-train:1", "step_cpu": f"{at_once}"}
        paths = compile_all(tmp_path / name, Choices(images, defaults, at_once))
        texts = {path.stem: path.read_text() for path in paths}
        assert f"defaultValue: {name}-train:1" in texts["train_and_release"]
        assert f"image: {name}:1" in texts["judge_release"]
        assert f"defaultValue: '{at_once}'" in texts["screen_designs"]
        assert f"parallelismLimit: {at_once}\n" in texts["simulate"]
        assert "matops-python" not in "".join(texts.values())


def test_training_asks_for_accelerators_by_parameter(training: Compiled) -> None:
    task = training.tasks["train"]
    pod, given = training.pod(task), task["inputs"]["parameters"]
    assert pod["tolerations"] == [
        {"tolerationJson": {"componentInputParameter": "train_tolerations"}}
    ]
    selector = pod["nodeSelector"]["nodeSelectorJson"]
    assert selector == {"componentInputParameter": "train_nodes"}
    shared = [mount for mount in pod["emptyDirMounts"] if mount["mountPath"] == "/dev/shm"]
    assert [mount["medium"] for mount in shared] == ["Memory"]
    assert given["pipelinechannel--train_gpus"] == {"componentInputParameter": "train_gpus"}
    root = training.spec["root"]["inputDefinitions"]["parameters"]
    assert root["train_gpus"]["defaultValue"] == "0"
    assert root["train_tolerations"]["defaultValue"] == GPU_NODES
    others = [training.pod(t) for name, t in training.tasks.items() if name != "train"]
    assert not [pod for pod in others if "tolerations" in pod]


def test_steps_with_data_reserve_what_the_run_says(compiled: dict[str, Compiled]) -> None:
    roomy = set()
    for pipeline in compiled.values():
        for name, _, container in steps(pipeline):
            asked = container["resources"]["resourceCpuRequest"]
            if "step_cpu" in asked:
                roomy.add(name)
                assert "step_memory" in container["resources"]["resourceMemoryLimit"], name
        root = pipeline.spec["root"]["inputDefinitions"]["parameters"]
        reserved = {name: root[name]["defaultValue"] for name in RESERVED if name in root}
        assert reserved.items() <= RESERVES.items()
    assert roomy == ROOMY


def test_a_graph_has_every_parameter_that_its_steps_take_from_it(pipeline: Compiled) -> None:
    graphs = [pipeline.spec["root"], *pipeline.spec["components"].values()]
    for graph in graphs:
        has = graph.get("inputDefinitions", {}).get("parameters", {})
        for name, task in graph.get("dag", {"tasks": {}})["tasks"].items():
            given = task.get("inputs", {}).get("parameters", {}).values()
            taken = {one.get("componentInputParameter") for one in given} - {None}
            assert taken <= set(has), f"{name} takes what nobody hands in"


def test_every_parameter_is_described_and_has_a_default(pipeline: Compiled) -> None:
    for name, found in pipeline.spec["root"]["inputDefinitions"]["parameters"].items():
        assert found["isOptional"], name
        assert "defaultValue" in found, name
        assert len(found["description"].split()) > 2, name


def test_retraining_hands_every_parameter_of_training_on(compiled: dict[str, Compiled]) -> None:
    outer, inner = compiled["retrain_on_new_data"], compiled["train_and_release"]
    parameters = set(inner.spec["root"]["inputDefinitions"]["parameters"])
    assert parameters == set(outer.spec["root"]["inputDefinitions"]["parameters"])
    (nested,) = (
        task
        for component in outer.spec["components"].values()
        for name, task in component.get("dag", {}).get("tasks", {}).items()
        if name == "train-and-release"
    )
    given = nested["inputs"]["parameters"]
    assert set(given) == parameters
    assert given.pop("source") == {"runtimeValue": {"constant": ""}}
    for name, value in given.items():
        assert value == {"componentInputParameter": f"pipelinechannel--{name}"}, name


def test_runs_end_and_their_pods_do_not_stay(pipeline: Compiled) -> None:
    config = pipeline.platform["platforms"]["kubernetes"]["pipelineConfig"]
    assert 0 < config["resourceTtlOnCompletion"] <= 14 * 86_400
    longest = max(int(pipeline.pod(t)["activeDeadlineSeconds"]) for t in pipeline.tasks.values())
    assert longest < config["activeDeadlineSeconds"] <= 7 * 86_400


def test_results_are_shown_as_what_they_are(pipeline: Compiled) -> None:
    for name, task in pipeline.tasks.items():
        found = pipeline.component(task).get("outputDefinitions", {}).get("artifacts", {})
        kinds = {key: kind["artifactType"]["schemaTitle"] for key, kind in found.items()}
        for key, kind in OWN_KINDS.get(name, {}).items():
            assert kinds[key] == f"system.{kind}", (name, key)


def test_the_graph_is_the_readmes_picture(training: Compiled) -> None:
    (line,) = re.findall(r".*ingest ──►.*", (REPOSITORY / "README.md").read_text())
    drawn = [word for word in re.findall(r"[a-z]+", line) if word in training.tasks]
    assert drawn == ["ingest", "preprocess", "train", "evaluate", "release"]
    tasks = training.spec["root"]["dag"]["tasks"]
    for before, after in pairwise(drawn[:-1]):
        assert before in tasks[after]["dependentTasks"]
    (branches,) = (task for name, task in tasks.items() if name.startswith("condition"))
    assert branches["dependentTasks"] == ["evaluate"]
    assert {"release", "reject"}.isdisjoint(tasks)
    assert set(training.tasks) - set(drawn) == {"reject"}
