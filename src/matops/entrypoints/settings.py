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
    """Settings of one process; each is an environment variable with the prefix ``MATOPS_``.

    Those that other programs share keep the name under which they are known there.
    """

    model_config = SettingsConfigDict(env_prefix="MATOPS_", frozen=True)

    workspace: Path = Field(default=Path(), description="directory with data, models and runs")
    remote: str | None = Field(default=None, description="DVC URL; a directory by default")
    s3_endpoint: str | None = Field(default=None, description="URL of the S3 server; AWS's if none")
    s3_timeout_s: float = Field(default=60.0, gt=0, description="wait for an S3 answer, in seconds")
    author: str = Field(default_factory=_user_and_host, description="who publishes data")
    workers: int = Field(default_factory=_processors, ge=1, description="processes for simulations")
    checkpoints: str = Field(
        default="", description="unfinished trainings: a directory, or a URL as s3://bucket/prefix"
    )
    checkpoint_every_s: float = Field(
        default=60.0, ge=0, description="time between two checkpoints of a training, in seconds"
    )
    shards_at_once: int = Field(
        default=4, ge=1, description="shards that a pipeline runs at once, fixed in its definition"
    )
    commit: str = Field(default="", description="code commit, where there is no git")
    project: Path | None = Field(
        default=None, description="checkout that has pipelines/; those of this package if none"
    )
    image: str = Field(default="", description="image of pipeline steps; this commit's if none")
    train_image: str = Field(default="", description="image of the training step, likewise")
    runner: Literal["process", "docker"] = Field(
        default="process", description="what steps of pipelines are on this machine"
    )
    docker_memory: str = Field(default="8g", description="limit of a step in a container")
    docker_network: str = Field(default="none", description="Docker network of steps")
    prometheus: str = Field(default="", description="URL of the Prometheus that has the metrics")
    monitor_days: float = Field(default=7.0, gt=0, description="days of traffic that drift is of")
    serving: Literal["local", "kserve"] = Field(
        default="local", description="where models are deployed: on this machine or on a cluster"
    )
    packages_uri: str = Field(
        default="", description="where a cluster reads packages, as in s3://bucket/models"
    )
    kubernetes_namespace: str = Field(default="matops", description="where models are served")
    kubernetes_context: str = Field(
        default="", description="context of the kubeconfig; the current one, or the pod's own"
    )
    kubernetes_service_account: str = Field(
        default="", description="whose credentials read the packages; the namespace's own if none"
    )
    kubernetes_replicas: int = Field(default=1, ge=1, description="pods of each arm of a release")
    kfp_endpoint: str = Field(default="", description="URL of the Kubeflow Pipelines API")
    kfp_namespace: str = Field(
        default="", description="where Kubeflow runs pipelines, if several users share it"
    )
    kfp_token: SecretStr = Field(
        default=SecretStr(""), description="token for Kubeflow; a pod's own if there is one"
    )
    kfp_ca: Path | None = Field(default=None, description="certificate authority of Kubeflow")
    kfp_service_account: str = Field(
        default="matops-pipeline", description="whose rights the steps of pipelines have"
    )
    port: int = Field(default=8080, description="where a family that is deployed anew is asked")
    bind: str = Field(default="127.0.0.1", description="address of the proxy on this machine")
    serve_command: str = Field(default="", description="serves a package; matops serve if empty")
    keep_requests: int = Field(
        default=32, ge=0, description="recent requests that a deployed server keeps to compare arms"
    )
    scrape_every_s: float = Field(default=15.0, gt=0, description="pause of Prometheus, in seconds")
    mp_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MP_API_KEY",
        description="key of the Materials Project",
    )
    mp_api_endpoint: str = Field(
        default="https://api.materialsproject.org/",
        validation_alias="MP_API_ENDPOINT",
        description="address of the Materials Project's API",
    )

    def for_containers(self) -> dict[str, str]:
        """Variables of this process that mean the same in a container of this machine."""
        elsewhere = {"MATOPS_WORKSPACE", "MATOPS_PROJECT", "MATOPS_COMMIT", "MATOPS_RUNNER"}
        passed_on = ("MATOPS_", "AWS_", "MP_API_")
        return {
            name: value
            for name, value in environ.items()
            if name.startswith(passed_on) and name not in elsewhere
        } | {"MATOPS_WORKERS": str(self.workers), "MATOPS_AUTHOR": self.author}

    @property
    def cache(self) -> Path:
        """Directory of what can be computed again."""
        return self.workspace / ".matops" / "cache"

    @property
    def campaigns(self) -> Path:
        """Directory of finished simulations."""
        return self.workspace / ".matops" / "campaigns"

    @property
    def downloads(self) -> Path:
        """Directory of what public databases have answered."""
        return self.workspace / ".matops" / "downloads"

    @property
    def deployments(self) -> Path:
        """Directory of what is deployed on this machine."""
        return self.workspace / ".matops" / "deployments"

    @property
    def watched(self) -> Path:
        """Directory of what watches have read."""
        return self.workspace / ".matops" / "watched"

    @property
    def quarantine(self) -> Path:
        """Directory of refused records and their reasons."""
        return self.workspace / ".matops" / "quarantine"

    @property
    def models(self) -> Path:
        """Directory of released packages."""
        return self.workspace / "models"

    @property
    def runs(self) -> Path:
        """Directory of pipeline runs."""
        return self.workspace / "runs"


EVENTS = "MATOPS_EVENTS"
"""Set to 1 by a process that reads the events of those that it starts; no setting of a person's."""


def parent_listens() -> bool:
    """Whether the process that started this one reads its events."""
    return environ.get(EVENTS) == "1"


def environment_of_child(**variables: str) -> dict[str, str]:
    """The environment of this process, changed for one that it starts."""
    return {**environ, **variables}


def use_workspace(workspace: Path) -> None:
    """Let this process, and those that it starts, work there."""
    environ["MATOPS_WORKSPACE"] = str(workspace)
    read_settings.cache_clear()


NOT_FOR_PODS = ("workspace", "project", "commit", "kfp_token", "kfp_ca")
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
        known = Settings.model_fields.get(name.lower())
        variable = name if known is None or known.validation_alias else f"MATOPS_{name.upper()}"
        raise BadInput(f"{variable}: {first['msg']}") from None
