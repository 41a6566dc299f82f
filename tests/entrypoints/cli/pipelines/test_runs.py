"""``matops platform`` against a local server with state, over real HTTP; it is not Kubeflow."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matops.core.errors import BadInput
from matops.entrypoints.pipelines.platform import version_name
from matops.entrypoints.pipelines.project import compiled_pipelines
from matops.entrypoints.settings import Settings
from matops.steps.pipelines.pipeline_service import PipelineVersion
from tests.conftest import COMMIT
from tests.support.kubeflow_runs import REJECTED
from tests.support.kubeflow_server import DROPPED, Kubeflow
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Done
    from tests.entrypoints.cli.pipelines.conftest import Platform

FAMILY = "elastic_cgcnn"
NAMES = {path.stem.replace("_", "-") for path in (REPOSITORY / "pipelines").glob("[!_]*.py")}
NIGHTLY = ("schedule", "retrain_on_new_data", "-f", FAMILY, "--cron", "0 0 3 * * *")

DIGEST = f"elsewhere/matops@sha256:{'0a' * 32}"


def one_line(done: Done) -> str:
    """What a command that gave up said: one line, and no traceback."""
    assert done.status == 2, done
    (line,) = done.err.splitlines()
    assert line.startswith("matops: ")
    return line


def test_pipelines_are_uploaded_once_and_named_by_the_commit(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    done = json.loads(platform("upload", "--json").out)
    assert {found["version"]["pipeline"] for found in done} == NAMES
    assert all(found["new"] and not found["dirty"] for found in done)
    assert all(found["version"]["version"].startswith("012345678901-") for found in done)
    again = platform("upload")
    assert again.out.count("there already") == len(NAMES)
    assert len(kubeflow.pipelines) == len(kubeflow.versions) == len(NAMES)
    names = {version["name"] for version in kubeflow.versions.values()}
    assert len(names) == len(NAMES)
    assert all(
        version["description"].startswith("commit 01234") for version in kubeflow.versions.values()
    )


def test_another_image_is_another_version(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform("upload", "judge_release")
    monkeypatch.setenv("MATOPS_IMAGE", f"elsewhere/matops-python:2-{COMMIT[:9]}")
    platform("upload", "judge_release")
    assert (len(kubeflow.pipelines), len(kubeflow.versions)) == (1, 2)
    newest = json.loads(platform("status", "--json").out)["versions"]["judge_release"]
    (second,) = (v for v in kubeflow.versions.values() if "elsewhere" in v["description"])
    assert newest["version_id"] == second["pipeline_version_id"]


def test_what_is_compiled_twice_has_one_name(
    tmp_path: Path, definitions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_COMMIT", COMMIT)
    place = Settings(workspace=tmp_path, project=REPOSITORY)
    again = compiled_pipelines(place, ["train_and_release"])["train_and_release"]
    names = [version_name("0" * 40, path) for path in (definitions / again.name, again)]
    assert names[0] == names[1]
    assert names[0].startswith("000000000000-")


def test_a_pipeline_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no pipeline is called 'bake_bread'"):
        compiled_pipelines(Settings(workspace=tmp_path, project=REPOSITORY), ["bake_bread"])
    with pytest.raises(BadInput, match="MATOPS_PROJECT"):
        compiled_pipelines(Settings(workspace=tmp_path, project=tmp_path), ["judge_release"])


def test_files_that_no_commit_has_are_said(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_COMMIT", f"{COMMIT}-dirty")
    monkeypatch.setenv("MATOPS_IMAGE", DIGEST)
    monkeypatch.setenv("MATOPS_TRAIN_IMAGE", DIGEST)
    done = platform("upload", "judge_release")
    assert "not all of the code is committed" in done.err
    assert "012345678901-dirty-" in done.out


def test_images_of_files_that_no_commit_has_are_not_named_by_the_commit(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_COMMIT", f"{COMMIT}-dirty")
    assert "code was changed since commit 012345678901" in one_line(platform("upload"))
    assert not kubeflow.versions


@pytest.mark.parametrize("image", ["a/matops:latest", "matops", "h:5000/m", "m:0.2.0", "m:abcdef0"])
def test_an_image_that_can_be_built_again_is_refused(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch, image: str
) -> None:
    assert platform("upload", "train_and_release").status == 0
    started = platform(
        *("run", "train_and_release", "-f", FAMILY, "--no-wait", "-p", f"train_image={image}")
    )
    assert f"{image}: can be built again under this name" in one_line(started)
    monkeypatch.setenv("MATOPS_TRAIN_IMAGE", image)
    assert f"{image}: can be built again under this name" in one_line(platform("upload"))
    assert len(kubeflow.versions) == 1
    assert not kubeflow.runs


@pytest.mark.parametrize("part", ["v2beta1/pipelines", "upload_version"])
def test_an_upload_that_broke_off_is_finished_by_the_next(
    kubeflow: Kubeflow, platform: Platform, part: str
) -> None:
    kubeflow.faults.append(("POST", part, DROPPED))
    line = one_line(platform("upload", "judge_release"))
    assert line.endswith("not reachable: Remote end closed connection without response")
    assert platform("upload", "judge_release").status == 0
    assert len(kubeflow.pipelines) == len(kubeflow.versions) == 1


def test_somebody_who_was_faster_is_no_error(kubeflow: Kubeflow, platform: Platform) -> None:
    """What is looked for is found missing, then created by another, so that creating conflicts."""
    platform("upload", "judge_release")
    hidden = dict(kubeflow.pipelines)
    looked = kubeflow.answer

    def answer(method: str, path: str, query: dict[str, Any], body: Any) -> Any:
        if path.endswith("/pipelines") and method == "GET" and hidden:
            hidden.clear()
            return 200, {"pipelines": []}
        return looked(method, path, query, body)

    kubeflow.answer = answer  # type: ignore[method-assign]
    assert platform("upload", "judge_release").status == 0
    assert len(kubeflow.pipelines) == len(kubeflow.versions) == 1


def test_a_run_is_followed_to_acceptance(kubeflow: Kubeflow, platform: Platform) -> None:
    platform("upload", "train_and_release")
    options = ("--preset", "demo", "--set", "training.epochs=3", "--init-from", "abc")
    taints = '[{"key": "gpu", "operator": "Exists"}]'
    more = ("-p", "train_gpus=0", "-p", f"train_tolerations={taints}")
    done = platform("run", "train_and_release", "-f", FAMILY, *options, *more, "--json")
    assert done.status == 0, done
    told = json.loads(done.out)
    assert (told["outcome"], told["state"]) == ("accepted", "succeeded")
    assert [step["name"] for step in told["steps"]] == list(kubeflow.script)
    assert [step["title"] for step in told["steps"]] == [
        "Ingest new data",
        "Prepare samples",
        "Train the ensemble",
        "Evaluate and judge",
        "Release",
    ]
    (run,) = kubeflow.runs.values()
    assert run["service_account"] == "matops-pipeline"
    assert run["runtime_config"]["parameters"] == {
        "family": FAMILY,
        "preset": "demo",
        "source": "",
        "changes": '{"training.epochs": 3}',
        "init_from": "abc",
        "train_gpus": "0",
        "train_tolerations": [{"key": "gpu", "operator": "Exists"}],
    }
    (experiment,) = kubeflow.experiments.values()
    assert experiment["display_name"] == FAMILY
    overview = platform("status").out
    assert run["run_id"] in overview
    assert "accepted" in overview


def test_a_rejection_and_a_failure_are_exit_statuses(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    platform("upload", "train_and_release", "retrain_on_new_data")
    kubeflow.script = REJECTED
    done = platform("run", "train_and_release", "-f", FAMILY)
    assert done.status == 1
    assert "rejected" in done.out
    kubeflow.script = ("decide",)
    done = platform("run", "retrain_on_new_data", "-f", FAMILY)
    assert done.status == 0
    assert "nothing to do" in done.out
    kubeflow.script, kubeflow.ends = ("ingest", "train"), "FAILED"
    done = platform("run", "train_and_release", "-f", FAMILY)
    assert done.status == 2
    assert "Train the ensemble: failed: main: Error (exit code 3)" in done.out
    assert len(json.loads(platform("status", "--json").out)["runs"]) == 3


def test_waiting_outlives_a_server_that_is_restarted(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    platform("upload", "train_and_release")
    kubeflow.faults += [("GET", "/runs/", status) for status in (503, 502) * 4]
    kubeflow.faults.append(("GET", "/runs/", DROPPED))
    assert platform("run", "train_and_release", "-f", FAMILY).status == 0
    assert kubeflow.faults == []


def test_a_run_is_never_started_twice(kubeflow: Kubeflow, platform: Platform) -> None:
    platform("upload", "judge_release")
    kubeflow.faults.append(("POST", "/runs", DROPPED))
    one_line(platform("run", "judge_release", "-f", FAMILY))
    assert len(kubeflow.runs) == 1


def test_a_run_that_nobody_waits_for_is_shown_later(kubeflow: Kubeflow, platform: Platform) -> None:
    platform("upload", "judge_release")
    kubeflow.script = ("judge",)
    done = platform("run", "judge_release", "-f", FAMILY, "--no-wait", "--json")
    told = json.loads(done.out)
    assert told["state"] == "waiting"
    platform("status", told["run_id"])
    assert "Look at the release: succeeded" in platform("status", told["run_id"]).out
    assert kubeflow.runs[told["run_id"]]["runtime_config"]["parameters"] == {"family": FAMILY}


def recurring(kubeflow: Kubeflow) -> dict[str, Any]:
    """The only recurring run that there is."""
    (found,) = kubeflow.recurring.values()
    return found


def test_a_schedule_is_made_once_with_one_run_at_a_time(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    platform("upload")
    done = platform(*NIGHTLY)
    assert done.status == 0, done
    first = recurring(kubeflow)
    assert first["display_name"] == f"retrain-on-new-data-{FAMILY}"
    assert first["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert (first["max_concurrency"], first["no_catchup"]) == ("1", True)
    assert (first["mode"], first["service_account"]) == ("ENABLE", "matops-pipeline")
    before = len(kubeflow.requests)
    assert "already" in platform(*NIGHTLY).out
    assert {method for method, _ in kubeflow.requests[before:]} == {"GET"}
    assert recurring(kubeflow) == first


def test_a_changed_schedule_replaces_the_old_one(kubeflow: Kubeflow, platform: Platform) -> None:
    platform("upload")
    platform(*NIGHTLY)
    old = recurring(kubeflow)["recurring_run_id"]
    told = json.loads(platform(*NIGHTLY[:-1], "0 30 4 * * *", "--set", "a.b=1", "--json").out)
    assert told["changed"]
    assert old not in kubeflow.recurring
    assert recurring(kubeflow)["trigger"]["cron_schedule"]["cron"] == "0 30 4 * * *"
    assert recurring(kubeflow)["mode"] == "ENABLE"
    assert kubeflow.most_enabled == 1
    other = (*NIGHTLY[:3], "nanoporous_cnn3d", *NIGHTLY[4:])
    platform(*other)
    assert len(kubeflow.recurring) == 2
    assert platform("schedule", "retrain_on_new_data", "-f", FAMILY, "--off").status == 0
    assert "nanoporous" in recurring(kubeflow)["display_name"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("part", ["/recurringruns", ":enable"])
def test_a_schedule_that_broke_off_is_put_right_by_the_next(
    kubeflow: Kubeflow, platform: Platform, method: str, part: str
) -> None:
    platform("upload")
    platform(*NIGHTLY)
    changed = (*NIGHTLY[:-1], "0 30 4 * * *")
    kubeflow.faults += [(method, part, DROPPED)] * 5
    platform(*changed)
    assert kubeflow.most_enabled == 1
    kubeflow.faults.clear()
    assert platform(*changed).status == 0
    assert recurring(kubeflow)["trigger"]["cron_schedule"]["cron"] == "0 30 4 * * *"
    assert recurring(kubeflow)["mode"] == "ENABLE"
    assert kubeflow.most_enabled == 1


def test_what_somebody_set_by_hand_is_put_right(kubeflow: Kubeflow, platform: Platform) -> None:
    platform("upload")
    platform(*NIGHTLY)
    recurring(kubeflow)["no_catchup"] = False
    assert "now" in platform(*NIGHTLY).out
    assert recurring(kubeflow)["no_catchup"] is True


@pytest.mark.parametrize("cron", ["0 3 * * *", "nightly", "0 0 3 * * ; *", "0 0 3 * * * *"])
def test_a_cron_expression_of_another_form_is_refused(platform: Platform, cron: str) -> None:
    line = one_line(platform(*NIGHTLY[:-1], cron))
    assert "six fields in UTC" in line


def test_what_is_wrong_is_one_line(kubeflow: Kubeflow, platform: Platform) -> None:
    line = one_line(platform("run", "train_and_release", "-f", FAMILY))
    assert "try: matops platform upload train_and_release" in line
    platform("upload", "judge_release")
    line = one_line(platform("run", "judge_release", "-f", FAMILY, "--version", "gone"))
    assert "judge_release gone is not on the platform" in line
    line = one_line(platform("run", "judge_release", "-f", FAMILY, "-p", "gpus=1"))
    assert "judge-release has no parameter 'gpus'; there are: family" in line
    assert "there is no run nowhere" in one_line(platform("status", "nowhere"))
    assert "name=value" in one_line(platform("run", "judge_release", "-f", FAMILY, "-p", "gpus"))
    assert "--off" in one_line(platform(*NIGHTLY[:-2]))


def test_a_token_is_sent_and_never_shown(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeflow.token = "s3cret"
    line = one_line(platform("status"))
    assert "401, the token is not accepted: set MATOPS_KFP_TOKEN" in line
    monkeypatch.setenv("MATOPS_KFP_TOKEN", "wr0ng")
    assert "wr0ng" not in one_line(platform("status"))
    monkeypatch.setenv("MATOPS_KFP_TOKEN", "s3cret")
    assert platform("status").status == 0


def test_a_pods_own_token_is_read_anew(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    monkeypatch.setattr("matops.adapters.pipelines.kubeflow_api.IN_CLUSTER_TOKEN", file)
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        kubeflow.token = token
        assert platform("status").status == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "no Kubeflow Pipelines API at this address"),
        (503, "503: spoilt"),
        (500, "500: spoilt"),
    ],
)
def test_a_server_that_refuses_is_one_line(
    kubeflow: Kubeflow, platform: Platform, status: int, words: str
) -> None:
    kubeflow.faults += [("GET", "/pipelines", status)] * 5
    assert words in one_line(platform("status"))
    assert len(kubeflow.requests) == (5 if status == 503 else 1)


def test_an_endpoint_that_nobody_answers_at_is_one_line(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MATOPS_KFP_ENDPOINT", url)
    line = one_line(platform("status"))
    assert f"{url}: pipelines: not reachable: Failed to establish a new connection" in line
    monkeypatch.delenv("MATOPS_KFP_ENDPOINT")
    assert "set MATOPS_KFP_ENDPOINT" in one_line(platform("status"))


def test_versions_know_the_types_of_their_parameters(platform: Platform) -> None:
    (told,) = json.loads(platform("upload", "train_and_release", "--json").out)
    version = PipelineVersion(**told["version"])
    assert version.parameters["train_gpus"] == "STRING"
    assert version.parameters["train_tolerations"] == "LIST"


def test_kubeflows_own_client_finds_what_was_made(
    kubeflow: Kubeflow, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local server speaks as Kubeflow's client expects, and keeps what ours wrote for it."""
    import kfp

    platform("upload")
    platform(*NIGHTLY)
    platform("run", "judge_release", "-f", FAMILY, "--no-wait")
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    client = kfp.Client(host=kubeflow.url)
    assert client.get_kfp_healthz().multi_user is False
    judge = client.get_pipeline_id("judge-release")
    (version,) = client.list_pipeline_versions(judge).pipeline_versions
    assert version.display_name.startswith("012345678901-")
    (run,) = client.list_runs().runs
    assert client.get_run(run.run_id).pipeline_version_reference.pipeline_id == judge
    (schedule,) = client.list_recurring_runs().recurring_runs
    assert client.get_experiment(experiment_name=FAMILY).experiment_id == schedule.experiment_id


def test_what_a_pipeline_can_not_do_is_said_before_a_run_begins(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    platform("upload", "screen_designs", "train_and_release")
    said = one_line(platform("run", "screen_designs", "-f", FAMILY))
    assert "elastic_cgcnn has no generator of designs" in said
    said = one_line(platform("run", "train_and_release", "-f", FAMILY, "--split", "split.csv"))
    assert "a cluster reads it from an address as s3://bucket/split.csv" in said
    assert not kubeflow.runs
