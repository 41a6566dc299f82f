"""Kubeflow Pipelines on the cluster that tests marked ``cluster`` run on."""

import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kfp import compiler, dsl, kubernetes

from matops.adapters.pipelines.kubeflow_api import KubeflowAccess, KubeflowApi
from matops.adapters.pipelines.kubeflow_pipelines import KubeflowPipelines
from matops.steps.pipelines.pipeline_service import PipelineRun, PipelineVersion
from tests.support.cluster import Cluster
from tests.support.kubectl import wait_until

GROUP = "matops-tests"
NOBODY = 65534
RUN_S = 400.0
"""The longest that a run of a few steps may take, on a node that is busy."""


@dataclass(frozen=True)
class ClusterPipelines:
    """A Kubeflow, and an image with a shell for the steps of its pipelines."""

    service: KubeflowPipelines
    namespace: str
    image: str

    def step(self, script: str, value: str = "") -> dsl.PipelineTask:
        """A step, within a pipeline's definition, that runs a script; ``$1`` is the value."""

        @dsl.container_component
        def step(value: str) -> dsl.ContainerSpec:
            command = ["sh", "-c", script, "step"]
            return dsl.ContainerSpec(image=self.image, command=command, args=[value])

        return self._modest(step(value=value)).set_caching_options(False)

    def _modest(self, task: dsl.PipelineTask) -> dsl.PipelineTask:
        # Kubeflow's launcher works in the step's own container, and within its limits.
        task.set_cpu_request("20m").set_cpu_limit("500m")
        task.set_memory_request("32Mi").set_memory_limit("256Mi")
        kubernetes.set_security_context(task, NOBODY, NOBODY, run_as_non_root=True)
        return task

    def cached_steps(self, value: str, image: str) -> None:
        """Steps, within a pipeline's definition, of which two may be served from the cache.

        One takes a parameter alone, the other an artifact of a step that runs each time.
        """

        @dsl.container_component
        def make(made: dsl.Output[dsl.Artifact]) -> dsl.ContainerSpec:
            script = 'mkdir -p "$(dirname "$1")" && echo made > "$1"'
            command = ["sh", "-c", script, "step"]
            return dsl.ContainerSpec(image=self.image, command=command, args=[made.path])

        @dsl.container_component
        def take(made: dsl.Input[dsl.Artifact]) -> dsl.ContainerSpec:
            command = ["sh", "-c", 'cat "$1"', "step"]
            return dsl.ContainerSpec(image=self.image, command=command, args=[made.path])

        @dsl.container_component
        def say(value: str) -> dsl.ContainerSpec:
            return dsl.ContainerSpec(image=image, command=["echo"], args=[value])

        made = self._modest(make()).set_display_name("Makes")
        taken = self._modest(take(made=made.outputs["made"])).set_display_name("Takes an artifact")
        said = self._modest(say(value=value)).set_display_name("Takes a parameter").after(made)
        made.set_caching_options(False)
        for step in (taken, said):
            step.set_caching_options(True)

    def upload(self, definition: Callable[[], None], place: Path) -> PipelineVersion:
        """Upload a pipeline of the function's name, under a version of its own."""
        name = f"{GROUP}-{definition.__name__.replace('_', '-')}"
        compiled = place / f"{name}.yaml"
        compiler.Compiler().compile(dsl.pipeline(name=name)(definition), str(compiled))
        version = uuid.uuid4().hex[:12]
        return self.service.upload(name, version, "for a test", compiled)

    def start(self, definition: Callable[[], None], place: Path) -> PipelineRun:
        """Start a run of a pipeline."""
        version = self.upload(definition, place)
        return self.service.start(version, GROUP, definition.__name__, {})

    def ended(self, run_id: str) -> PipelineRun:
        """A run when it is over."""
        wait_until(lambda: self.service.run(run_id).over, f"the end of run {run_id}", RUN_S)
        return self.service.run(run_id)

    def terminate(self, run_id: str) -> None:
        """End a run as a person does on Kubeflow's page."""
        ask = self.service.api.runs.run_service_terminate_run
        self.service.api.ask(f"run {run_id}", ask, run_id)


@contextmanager
def reached(cluster: Cluster) -> Iterator[ClusterPipelines]:
    """The Kubeflow of a cluster, through a port of this machine."""
    found = "--field-selector=metadata.name=ml-pipeline"
    [deployment] = cluster.get("deployments", "--all-namespaces", found)["items"]
    namespace = deployment["metadata"]["namespace"]
    forward = ("port-forward", "--namespace", namespace, "service/ml-pipeline", ":8888")
    with subprocess.Popen(
        cluster.command(*forward), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as forwarding:
        assert forwarding.stdout is not None
        line = forwarding.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert port, line
        api = KubeflowApi(KubeflowAccess(f"http://127.0.0.1:{port[1]}"))
        try:
            yield ClusterPipelines(KubeflowPipelines(api, ""), namespace, cluster.image)
        finally:
            forwarding.terminate()
