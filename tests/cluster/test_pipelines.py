"""What the platform takes for granted of Kubeflow Pipelines, on the one that is there."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kfp import dsl, kubernetes

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects
from matops.adapters.kubernetes.survey.kubeflow_settings import ON_FAILURE, read_kubeflow_settings
from matops.steps.pipelines.pipeline_service import PipelineRun
from tests.support.cluster import Cluster
from tests.support.cluster_pipelines import ClusterPipelines, reached
from tests.support.kubectl import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.needs("Kubeflow Pipelines", "Argo Workflows")]

STARTS_S = 150.0
SERVED = "an earlier result served"


@pytest.fixture(scope="module")
def kubeflow(cluster: Cluster) -> Iterator[ClusterPipelines]:
    with reached(cluster) as pipelines:
        yield pipelines


def caching(kubeflow: ClusterPipelines, value: str, image: str) -> Callable[[], None]:
    def caching() -> None:
        kubeflow.cached_steps(value, image)

    return caching


def states(run: PipelineRun) -> dict[str, tuple[str, int]]:
    """State and attempts of each step by its title."""
    return {step.title: (step.state, step.attempts) for step in run.steps}


def test_a_run_tells_its_steps_by_their_titles(kubeflow: ClusterPipelines, tmp_path: Path) -> None:
    def titles() -> None:
        first = kubeflow.step("echo said").set_display_name("First of all")
        with dsl.ParallelFor(["a", "b"], name="each") as value:
            kubeflow.step("echo $1", value=value).set_display_name("One of many").after(first)

    run = kubeflow.ended(kubeflow.start(titles, tmp_path).run_id)
    assert run.state == "succeeded"
    once = ("succeeded", 1)
    assert states(run) == {"First of all": once, "One of many 0": once, "One of many 1": once}


def test_what_the_check_says_of_retries_is_so(
    kubeflow: ClusterPipelines, cluster: Cluster, tmp_path: Path
) -> None:
    def retries() -> None:
        task = kubeflow.step("exit 3").set_display_name("Fails").set_retry(1, "1s", 1.0)
        kubeflow.step("echo never").set_display_name("Never").after(task)

    run = kubeflow.ended(kubeflow.start(retries, tmp_path).run_id)
    objects = KubernetesObjects(cluster.client().configuration, kubeflow.namespace)
    policy = read_kubeflow_settings(objects, kubeflow.namespace).retry_policy
    assert run.state == "failed"
    assert states(run) == {"Fails": ("failed", 2 if policy in ON_FAILURE else 1)}
    assert run.error.startswith("Fails: ")


def test_the_cache_knows_parameters_and_images_and_no_artifact_that_was_made_anew(
    kubeflow: ClusterPipelines, tmp_path: Path
) -> None:
    # The same image by a longer name: Kubeflow's key has the name.
    local = "/" in kubeflow.image
    other = f"docker.io/{kubeflow.image if local else f'library/{kubeflow.image}'}"
    said, images = uuid.uuid4().hex, (kubeflow.image, kubeflow.image, kubeflow.image, other)
    served = []
    for value, image in zip((said, said, f"{said}-2", f"{said}-2"), images, strict=True):
        run = kubeflow.ended(kubeflow.start(caching(kubeflow, value, image), tmp_path).run_id)
        assert run.state == "succeeded"
        served.append({step.title for step in run.steps if step.reason == SERVED})
    assert served == [set(), {"Takes a parameter"}, set(), set()]


def test_a_run_that_somebody_ends_is_cancelled(kubeflow: ClusterPipelines, tmp_path: Path) -> None:
    def cancelled() -> None:
        kubeflow.step("sleep 600").set_display_name("Sleeps")

    run_id = kubeflow.start(cancelled, tmp_path).run_id
    wait_until(lambda: kubeflow.service.run(run_id).steps, "the step", STARTS_S)
    kubeflow.terminate(run_id)
    assert kubeflow.ended(run_id).state == "cancelled"


def test_a_step_that_no_node_takes_says_why(kubeflow: ClusterPipelines, tmp_path: Path) -> None:
    def nowhere() -> None:
        kubernetes.add_node_selector(kubeflow.step("echo never"), "matops-test", "no-such-node")

    run_id = kubeflow.start(nowhere, tmp_path).run_id

    def refused() -> bool:
        steps = kubeflow.service.run(run_id).steps
        return any(step.reason.startswith("Unschedulable: ") for step in steps)

    try:
        wait_until(refused, "the scheduler's reason", STARTS_S)
        assert [step.state for step in kubeflow.service.run(run_id).steps] == ["waiting"]
    finally:
        kubeflow.terminate(run_id)
