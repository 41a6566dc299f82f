"""What each step asks of a cluster; on a laptop it means nothing.

Settings and secrets come from the namespace, so that a compiled pipeline holds none. All of them
are optional: what is missing is named by the step that needs it, in seconds, where a pod that
waits for a Secret would hang.
"""

from dataclasses import dataclass

from kfp import dsl, kubernetes
from kfp.dsl.pipeline_channel import extract_pipeline_channels_from_any

from matops.entrypoints.settings import pod_variables

WORKSPACE_CLAIM, WORKSPACE = "matops-workspace", "/workspace"
SECRETS = {
    "matops-s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "matops-materials-project": ("MP_API_KEY",),
    "matops-release": ("MATOPS_MODEL_REGISTRY_TOKEN", "MATOPS_WEBHOOK_SECRET"),
}
TUNING, STORAGE = "matops-tuning", "MATOPS_TUNING_STORAGE"
"""A Secret with the URL of the database that keeps the trials of searches."""
SIGNING, TRUSTED = "matops-signing", "matops-trusted"
"""A Secret with the key that signs packages, and a ConfigMap with the one that is trusted."""
KEYS = "/etc/matops"
USER = 10001
GPU_NODES = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
"""Tolerations of the taint that keeps other pods off nodes with a GPU."""

DAY_S = 86_400
ENDS_WITHIN_S, KEPT_S = 7 * DAY_S, 14 * DAY_S
"""Of a run, pods that wait for a node included; and how long its finished pods are kept."""


@dataclass(frozen=True)
class Needs:
    """What a step needs.

    Attributes:
        title: its name in the user interface.
        memory: memory, reserved as a whole, where its pipeline has no parameter for it: what is
            beyond it is killed.
        minutes: the longest that one attempt may take.
        retries: further attempts. Each step may be repeated: ingestion publishes last and adds no
            record twice, training resumes, and a release that was begun is found under way.
        cached: whether an earlier result serves. Such a step must get the data's version as a
            parameter, since Kubeflow's cache does not look at the content of artifacts.
        signs: whether it gets the key that signs packages.
        keeps_trials: whether it gets the URL of the database of trials, where there is one.
    """

    title: str
    memory: str = "1Gi"
    minutes: int = 15
    retries: int = 2
    cached: bool = False
    signs: bool = False
    keeps_trials: bool = False


NEEDS = {
    "ingest": Needs("Ingest new data", minutes=24 * 60),
    "preprocess": Needs("Prepare samples", minutes=6 * 60, cached=True),
    "train": Needs("Train the ensemble", minutes=3 * 24 * 60, retries=5, cached=True),
    "evaluate": Needs("Evaluate and judge", minutes=4 * 60, signs=True),
    "release": Needs("Release", memory="2Gi", minutes=30),
    "reject": Needs("Reject, and say why"),
    "decide": Needs("Ingest; does retraining pay?", minutes=24 * 60),
    "conclude": Needs("Remember the outcome"),
    "judge": Needs("Look at the release", memory="2Gi"),
    "number-shards": Needs("Split the campaign"),
    "simulate-shard": Needs("Simulate a share", minutes=24 * 60, retries=5),
    "gather-shards": Needs("All shares are there"),
    "begin-screening": Needs("Split the designs", memory="2Gi"),
    "screen-shard": Needs("Predict a share", minutes=24 * 60, retries=5),
    "begin-tuning": Needs("Queue the trials", minutes=6 * 60, keeps_trials=True),
    "run-trials": Needs("Run trials", minutes=3 * 24 * 60, retries=5, keeps_trials=True),
    "conclude-tuning": Needs("Measure the best", minutes=24 * 60, keeps_trials=True),
    "merge-screening": Needs("Find the front", minutes=24 * 60),
}
"""By the names of the components."""


@dataclass(frozen=True)
class Room:
    """What a step gets whose data may be large; all of it are its pipeline's parameters."""

    cpu: str  # that is reserved
    cpu_limit: str  # that it may use
    memory: str  # that is reserved, and no more


LITTLE_CPU, SHORT_CPU = "100m", "1"
"""Processors that a step without data reserves, and those that it may use."""
SET = ""
"""Default of a parameter for which the settings have one when its pipeline is compiled."""


def on_cluster(task: dsl.PipelineTask, room: Room | None = None) -> dsl.PipelineTask:
    """Dress a step for a cluster: name, resources, limits of time, retries, volume and settings.

    Kubeflow counts the time in which it tries again from the first attempt's beginning, and an hour
    is its default: it gets all the time that the run has.
    """
    needs = NEEDS[task.component_spec.name]
    task.set_display_name(needs.title)
    task.set_caching_options(needs.cached)
    task.set_retry(needs.retries, "60s", 2.0, backoff_max_duration=f"{ENDS_WITHIN_S}s")
    room = room or Room(LITTLE_CPU, SHORT_CPU, needs.memory)
    task.set_cpu_request(room.cpu).set_cpu_limit(room.cpu_limit)
    task.set_memory_request(room.memory).set_memory_limit(room.memory)
    # Into a loop the compiler hands only what it knows that the steps there take.
    reserved = [room.cpu, room.cpu_limit, room.memory]
    task.register_pipeline_channels(extract_pipeline_channels_from_any(reserved))
    kubernetes.set_timeout(task, 60 * needs.minutes)
    kubernetes.set_security_context(task, USER, USER, run_as_non_root=True)
    kubernetes.mount_pvc(task, WORKSPACE_CLAIM, WORKSPACE)
    kubernetes.empty_dir_mount(task, "scratch", "/tmp", size_limit="10Gi")  # noqa: S108
    variables = {name: name for name in pod_variables()}
    kubernetes.use_config_map_as_env(task, "matops-settings", variables, optional=True)
    for secret, keys in SECRETS.items():
        kubernetes.use_secret_as_env(task, secret, {key: key for key in keys}, optional=True)
    if needs.keeps_trials:
        kubernetes.use_secret_as_env(task, TUNING, {STORAGE: STORAGE}, optional=True)
    kubernetes.use_config_map_as_volume(task, TRUSTED, f"{KEYS}/trusted", optional=True)
    if needs.signs:
        kubernetes.use_secret_as_volume(task, SIGNING, f"{KEYS}/signing", optional=True)
    return task


@dataclass(frozen=True)
class Accelerated:
    """Where a step trains; each is a pipeline's parameter.

    Attributes:
        image: its image.
        accelerator: resource name of the accelerator.
        count: accelerators; 0 for none.
        cpu: processors.
        memory: memory.
        tolerations: taints of nodes that it may run on, as Kubernetes writes them.
        nodes: labels of the nodes that it must run on.
    """

    image: str
    accelerator: str
    count: str
    cpu: str
    memory: str
    tolerations: list[dict[str, str]]
    nodes: dict[str, str]


def accelerated(task: dsl.PipelineTask, place: Accelerated) -> dsl.PipelineTask:
    """Let a step that is dressed for a cluster train on accelerators, with shared memory."""
    task.set_container_image(place.image)
    task.set_accelerator_type(place.accelerator).set_accelerator_limit(place.count)
    task.set_cpu_request(place.cpu).set_cpu_limit(place.cpu)
    task.set_memory_request(place.memory).set_memory_limit(place.memory)
    kubernetes.add_toleration_json(task, place.tolerations)
    kubernetes.add_node_selector_json(task, place.nodes)
    kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", medium="Memory")  # noqa: S108
    return task
