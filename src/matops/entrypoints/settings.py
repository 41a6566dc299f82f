"""The environment, read once: the only module that looks at it."""

from functools import cache
from getpass import getuser
from os import cpu_count, environ
from pathlib import Path
from socket import gethostname
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from matops.core.errors import BadInput

CPU, MEMORY = r"^\d+(\.\d+|m)?$", r"^\d+(\.\d+)?([KMGT]i?)?$"
"""Forms of quantities, as in 500m and 4Gi."""
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where a container finds its limit: microseconds, and of how many."""


def _user_and_host() -> str:
    try:
        user = getuser()
    except (KeyError, OSError):  # a pod's user has no name
        user = "unknown"
    return f"{user}@{gethostname()}"


def _processors() -> int:
    """Processors that this process may use; a container may use fewer than its machine has."""
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no such limit, which is written "max"
        return cpu_count() or 1


class Settings(BaseSettings):
    """Settings of one process, each an environment variable: ``MATOPS_`` and its name, or an alias.

    Aliases are the names under which other programs know them.
    """

    model_config = SettingsConfigDict(env_prefix="MATOPS_", frozen=True)

    workspace: Path = Path()  # directory with data, models and runs
    remote: str | None = None  # DVC URL; a directory by default
    s3_endpoint: str | None = None  # URL of the S3 server; AWS's if none
    s3_timeout_s: float = Field(default=60.0, gt=0)  # wait for an S3 answer, in seconds
    author: str = Field(default_factory=_user_and_host)  # who publishes data
    workers: int = Field(default_factory=_processors, ge=1)  # processes for simulations
    checkpoints: str = ""  # unfinished trainings: a directory, or a URL as s3://bucket/prefix
    # trials of searches: a database as SQLAlchemy writes it; a journal in the workspace if none
    tuning_storage: SecretStr = SecretStr("")
    checkpoint_every_s: float = Field(default=60.0, ge=0)  # between two checkpoints of a training
    shards_at_once: int = Field(default=4, ge=1)  # that a pipeline runs, fixed in its definition
    commit: str = ""  # code commit, where there is no git
    project: Path | None = None  # checkout that has pipelines/; those of this package if none
    image: str = ""  # image of pipeline steps; this commit's if none
    train_image: str = ""  # image of the training step, likewise
    # what pipelines reserve of a cluster unless a run says otherwise, fixed when they are compiled:
    # for each step with data, and for training; as Kubernetes writes processors and memory
    step_cpu: str = Field(default="500m", pattern=CPU)
    step_cpu_limit: str = Field(default="2", pattern=CPU)  # that it may use where nobody else does
    step_memory: str = Field(default="4Gi", pattern=MEMORY)
    train_cpu: str = Field(default="1", pattern=CPU)
    train_memory: str = Field(default="4Gi", pattern=MEMORY)
    train_gpus: str = Field(default="0", pattern=r"^\d+$")
    runner: Literal["process", "docker"] = "process"  # what steps of pipelines are here
    docker_memory: str = "8g"  # limit of a step in a container
    docker_network: str = "none"  # Docker network of steps
    prometheus: str = ""  # URL of the Prometheus that has the metrics
    monitor_days: float = Field(default=7.0, gt=0)  # days of traffic that drift is of
    serving: Literal["local", "kserve"] = "local"  # models are on this machine or on a cluster
    packages_uri: str = ""  # where a cluster reads packages, as in s3://bucket/models
    # the key (PEM) that signs packages which are made here, or no key and the process's identity;
    # and whose packages are loaded, kept and released: anybody's if nobody is named
    signing_key: Path | None = None
    signing_keyless: bool = False
    trusted_key: Path | None = None
    trusted_identity: str = ""
    trusted_issuer: str = ""
    kubernetes_namespace: str = "matops"  # where models are served
    kubernetes_context: str = ""  # of the kubeconfig; the current one, or the pod's own
    # whose credentials read the packages; the namespace's own if none
    kubernetes_service_account: str = ""
    kubernetes_replicas: int = Field(default=1, ge=1)  # pods of each arm of a release
    kfp_endpoint: str = ""  # URL of the Kubeflow Pipelines API
    kfp_namespace: str = ""  # where Kubeflow runs pipelines, if several users share it
    kfp_token: SecretStr = SecretStr("")  # for Kubeflow; a pod's own if there is one
    kfp_ca: Path | None = None  # certificate authority of Kubeflow
    kfp_service_account: str = "matops-pipeline"  # whose rights the steps of pipelines have
    port: int = 8080  # where a family that is deployed anew is asked
    bind: str = "127.0.0.1"  # address of the proxy on this machine
    serve_command: str = ""  # serves a package; matops serve if empty
    release_policy: str = "{}"  # JSON object of changed fields of a release's policy
    webhook: str = ""  # URL that is told of each move of a release
    webhook_secret: SecretStr = SecretStr("")  # signs what it is told
    # which marks what the judge asks of servers; made up where models are on this machine
    comparison_token: SecretStr = SecretStr("")
    # what is released is registered there, as in mlflow:http://127.0.0.1:5000 or kubeflow:http://...
    model_registry: str = Field(default="", pattern=r"^$|^(mlflow|kubeflow):https?://[^/\s]+")
    model_registry_token: SecretStr = SecretStr("")  # for that registry
    # recent requests that a deployed server keeps to compare arms
    keep_requests: int = Field(default=32, ge=0)
    scrape_every_s: float = Field(default=15.0, gt=0)  # pause of Prometheus, in seconds
    mp_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="MP_API_KEY")
    mp_api_endpoint: str = Field(
        default="https://api.materialsproject.org/", validation_alias="MP_API_ENDPOINT"
    )

    @property
    def kept(self) -> Path:
        """Directory of what is kept between commands, and is nobody's to edit."""
        return self.workspace / ".matops"

    @property
    def models(self) -> Path:
        """Directory of released packages."""
        return self.workspace / "models"

    def for_containers(self) -> dict[str, str]:
        """Variables of this process that mean the same in a container of this machine."""
        elsewhere = {"MATOPS_WORKSPACE", "MATOPS_PROJECT", "MATOPS_COMMIT", "MATOPS_RUNNER"}
        passed_on = ("MATOPS_", "AWS_", "MP_API_")
        return {
            name: value
            for name, value in environ.items()
            if name.startswith(passed_on) and name not in elsewhere
        } | {"MATOPS_WORKERS": str(self.workers), "MATOPS_AUTHOR": self.author}


EVENTS = "MATOPS_EVENTS"
"""Set to 1 by a process that reads the events of those that it starts; no setting of a person's."""


def parent_listens() -> bool:
    """Whether the process that started this one reads its events."""
    return environ.get(EVENTS) == "1"


PARENT = "MATOPS_PARENT"
"""Process id of a run, set for the processes of its steps; no setting of a person's."""


def parent_process() -> int | None:
    """The run that this process is a step of; None for others."""
    text = environ.get(PARENT, "")
    return int(text) if text.isdecimal() else None


def environment_of_child(**variables: str) -> dict[str, str]:
    """The environment of this process, changed for one that it starts."""
    return {**environ, **variables}


def use_workspace(workspace: Path) -> None:
    """Let this process, and those that it starts, work there."""
    environ["MATOPS_WORKSPACE"] = str(workspace)
    read_settings.cache_clear()


NOT_FOR_PODS = (
    "workspace",
    "project",
    "commit",
    "kfp_token",
    "kfp_ca",
    "webhook_secret",
    "model_registry_token",
    "comparison_token",
    "tuning_storage",  # pods get it from a Secret
)
"""Settings that an image makes for itself, or that are a person's."""


def pod_variables() -> tuple[str, ...]:
    """Environment variables that a pod may get from the namespace's ConfigMap."""
    named = Settings.model_fields.items()
    own = [name for name, field in named if field.validation_alias is None]
    return tuple(f"MATOPS_{name.upper()}" for name in own if name not in NOT_FOR_PODS)


@cache
def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        BadInput: a variable makes no sense.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])
        field = Settings.model_fields.get(name.lower())
        variable = f"MATOPS_{name.upper()}" if field and not field.validation_alias else name
        raise BadInput(f"{variable}: {first['msg']}") from None
