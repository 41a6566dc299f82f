"""The only place that joins ports to adapters, which are imported when they are asked for."""

import shlex
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from matops.adapters.local.git_commit import git_commit
from matops.adapters.storage.package_directory import PackageDirectory
from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings, environment_of_child
from matops.processes.retry import RetryPolicy

if TYPE_CHECKING:
    from matops.adapters.data.dvc_garbage import DvcGarbage
    from matops.adapters.data.dvc_health import DvcHealth
    from matops.adapters.data.dvc_store import DvcStore
    from matops.adapters.data.dvc_versions import DvcVersions
    from matops.adapters.data.dvc_workspace import RemoteSettings
    from matops.adapters.data.materials_project import MaterialsProject
    from matops.adapters.kubernetes.kserve_serving import KServeServing
    from matops.adapters.local.local_serving import LocalServing
    from matops.adapters.prometheus.live import PrometheusLive
    from matops.adapters.prometheus.monitor import PrometheusMonitor
    from matops.adapters.release.webhook import Webhook
    from matops.adapters.storage.file_store import FileStore
    from matops.adapters.storage.package_bucket import PackageBucket
    from matops.artifacts.model.signature import Signer, Trust
    from matops.steps.data.deposits import DepositSource
    from matops.steps.learning.checkpoints import CheckpointPolicy
    from matops.steps.monitoring.monitor import ChampionMonitor
    from matops.steps.pipelines.pipeline_service import PipelineService
    from matops.steps.ports import ModelRegistry, Serving, TrialStore


def dataset_store(settings: Settings) -> "DvcStore":
    """Versioned data of the workspace."""
    from matops.adapters.data.dvc_store import DvcStore

    return DvcStore(settings.workspace, _remote(settings), settings.author)


def dataset_versions(settings: Settings) -> "DvcVersions":
    """What the history knows of the workspace's data."""
    from matops.adapters.data.dvc_versions import DvcVersions

    return DvcVersions(settings.workspace, _remote(settings))


def dataset_health(settings: Settings) -> "DvcHealth":
    """Whether the workspace's data is whole."""
    from matops.adapters.data.dvc_health import DvcHealth

    return DvcHealth(settings.workspace, _remote(settings))


def dataset_garbage(settings: Settings) -> "DvcGarbage":
    """What no version needs; the pointers that git knows count too."""
    from matops.adapters.data.dvc_garbage import DvcGarbage
    from matops.adapters.data.dvc_pointer import POINTER
    from matops.adapters.local.git_commit import file_versions

    pointers = file_versions(settings.workspace / POINTER)
    return DvcGarbage(settings.workspace, _remote(settings), pointers)


def _remote(settings: Settings) -> "RemoteSettings":
    from matops.adapters.data.dvc_workspace import RemoteSettings

    return RemoteSettings(settings.remote, settings.s3_endpoint, settings.s3_timeout_s)


def package_store(settings: Settings) -> PackageDirectory:
    """Released packages of the workspace, with copies where a cluster reads them from a bucket."""
    inside = settings.packages_uri.startswith("s3://")
    bucket = package_bucket(settings, settings.packages_uri) if inside else None
    return PackageDirectory(settings.models, bucket, trust(settings))


def package_bucket(settings: Settings, where: str) -> "PackageBucket":
    """Packages under a prefix, as in ``s3://bucket/models``."""
    from matops.adapters.storage.package_bucket import PackageBucket

    return PackageBucket(_file_store(settings, where), trust(settings))


def signer(settings: Settings) -> "Signer | None":
    """Who signs packages that are made here; None where nobody does."""
    from matops.artifacts.model.signature import Signer

    signs = settings.signing_key or settings.signing_keyless
    return Signer(settings.signing_key) if signs else None


def trust(settings: Settings) -> "Trust | None":
    """Whose packages are loaded, kept and released; None for anybody's.

    Raises:
        BadInput: a keyless signer is named by half.
    """
    from matops.artifacts.model.signature import Trust

    identity, issuer = settings.trusted_identity, settings.trusted_issuer
    if bool(identity) != bool(issuer):
        raise BadInput("MATOPS_TRUSTED_IDENTITY and MATOPS_TRUSTED_ISSUER name one signer together")
    if settings.trusted_key or identity:
        return Trust(settings.trusted_key, identity, issuer)
    return None


def checkpoint_policy(settings: Settings) -> "CheckpointPolicy":
    """Where and how often unfinished trainings are kept: in the workspace if not said otherwise."""
    from matops.steps.learning.checkpoints import CheckpointPolicy

    url = settings.checkpoints or str(settings.kept.resolve() / "checkpoints")
    return CheckpointPolicy(_file_store(settings, url), settings.checkpoint_every_s)


def trial_store(settings: Settings, directory: Path) -> "TrialStore":
    """Trials of searches: a database where there is one, else a journal in the search's place."""
    from matops.adapters.storage.trial_store import TrialDatabase, TrialJournal

    url = settings.tuning_storage.get_secret_value()
    return TrialDatabase(url) if url else TrialJournal((directory / "trials.journal").resolve())


def bucket_file(settings: Settings, address: str) -> bytes:
    """What stands at an address, as in ``s3://bucket/prefix/name``; BadInput where nothing does."""
    folder, _, name = address.rpartition("/")
    return _file_store(settings, folder).read(name)


def _file_store(settings: Settings, url: str) -> "FileStore":
    from matops.adapters.storage.file_store import FileStore

    return FileStore(url, settings.s3_endpoint, settings.s3_timeout_s)


def serving(settings: Settings, port: int | None = None) -> "Serving":
    """Deployments of the workspace; a port is where a family deployed anew is asked.

    Raises:
        BadInput: they are on a cluster, and there is none, no such context, or a port is named.
    """
    if settings.serving == "local":
        return _local_serving(settings, settings.port if port is None else port)
    if port is not None:
        raise BadInput(f"--port {port}: on a cluster the gateway's address is the clients'")
    return _kserve_serving(settings)


def _local_serving(settings: Settings, port: int) -> "LocalServing":
    from matops.adapters.local.local_deployment import ServingHost
    from matops.adapters.local.local_serving import LocalServing

    host = ServingHost(
        settings.kept / "deployments",
        port,
        settings.bind,
        keep_requests=settings.keep_requests,
        scrape_every_s=settings.scrape_every_s,
        environment=partial(_arms_environment, settings),
    )
    command = tuple(shlex.split(settings.serve_command))
    return LocalServing(replace(host, serve=command) if command else host)


def _arms_environment(settings: Settings) -> dict[str, str]:
    return environment_of_child(MATOPS_COMPARISON_TOKEN=comparison_token(settings))


def comparison_token(settings: Settings) -> str:
    """What marks a request as the judge's; empty on a cluster whose pods were given none."""
    told = settings.comparison_token.get_secret_value()
    if told or settings.serving != "local":
        return told
    from matops.adapters.local.comparison_token import kept_token

    return kept_token(settings.kept / "deployments")


def _kserve_serving(settings: Settings) -> "KServeServing":
    from matops.adapters.kubernetes.kserve_manifests import PodSettings
    from matops.adapters.kubernetes.kserve_serving import KServeServing
    from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects, connect

    cluster = connect(settings.kubernetes_context)
    objects = KubernetesObjects(cluster, settings.kubernetes_namespace)
    pods = PodSettings(settings.kubernetes_replicas, settings.kubernetes_service_account)
    return KServeServing(objects, pods, settings.packages_uri)


def traffic_monitor(settings: Settings) -> "PrometheusMonitor | None":
    """What the arms of a release meet; None where no Prometheus is named.

    Samples are stale once four scrapes were missed.
    """
    if not settings.prometheus:
        return None
    from matops.adapters.prometheus.api import PrometheusApi
    from matops.adapters.prometheus.monitor import PrometheusMonitor

    return PrometheusMonitor(PrometheusApi(settings.prometheus), 4 * settings.scrape_every_s)


def announcer(settings: Settings) -> "Webhook | None":
    """Who is told of each move of a release; None where nobody is named."""
    if not settings.webhook:
        return None
    from matops.adapters.release.webhook import Webhook

    return Webhook(settings.webhook, settings.webhook_secret.get_secret_value())


def model_registry(settings: Settings) -> "ModelRegistry | None":
    """Where what is released is registered; None where no registry is named."""
    product, _, url = settings.model_registry.partition(":")
    if not url:
        return None
    from matops.adapters.release.kubeflow_registry import KubeflowRegistry
    from matops.adapters.release.mlflow_registry import MlflowRegistry

    token = settings.model_registry_token.get_secret_value()
    return MlflowRegistry(url, token) if product == "mlflow" else KubeflowRegistry(url, token)


def deposit_source(settings: Settings, where: str) -> "DepositSource":
    """A directory, or a prefix as in ``s3://bucket/prefix``."""
    from matops.adapters.data.drop_bucket import DropBucket
    from matops.adapters.data.drop_folder import DropFolder

    if where.startswith("s3://"):
        return DropBucket(_file_store(settings, where))
    return DropFolder(Path(where))


def materials_database(settings: Settings) -> "MaterialsProject":
    """The Materials Project, with what was downloaded before."""
    from matops.adapters.data.materials_project import MaterialsProject

    key, kept = settings.mp_api_key.get_secret_value(), settings.kept / "downloads"
    return MaterialsProject(key, settings.mp_api_endpoint, kept / "materials-project")


def live_metrics(settings: Settings) -> "PrometheusLive":
    """What servers publish; BadInput where no Prometheus is named."""
    from matops.adapters.prometheus.api import PrometheusApi
    from matops.adapters.prometheus.live import PrometheusLive

    if not settings.prometheus:
        raise BadInput("no Prometheus is named: set MATOPS_PROMETHEUS to its URL")
    return PrometheusLive(PrometheusApi(settings.prometheus))


def serving_monitor(settings: Settings) -> "ChampionMonitor | None":
    """What released models meet; None where no Prometheus is named."""
    if not settings.prometheus:
        return None
    from matops.steps.monitoring.monitor import ChampionMonitor

    window = timedelta(days=settings.monitor_days)
    return ChampionMonitor(package_store(settings), live_metrics(settings), window)


def pipeline_service(settings: Settings, attempts: int = 5) -> "PipelineService":
    """Kubeflow Pipelines, asked up to so often before it counts as gone; BadInput without one."""
    from matops.adapters.pipelines.kubeflow_api import KubeflowAccess, KubeflowApi
    from matops.adapters.pipelines.kubeflow_pipelines import KubeflowPipelines

    if not settings.kfp_endpoint:
        raise BadInput(
            "no Kubeflow Pipelines is named: set MATOPS_KFP_ENDPOINT to its URL, as in "
            "http://127.0.0.1:8888 behind kubectl port-forward"
        )
    token = settings.kfp_token.get_secret_value()
    access = KubeflowAccess(settings.kfp_endpoint, settings.kfp_namespace, token, settings.kfp_ca)
    api = KubeflowApi(access, retry=RetryPolicy(attempts))
    return KubeflowPipelines(api, settings.kfp_service_account)


def code_commit(settings: Settings) -> str:
    """Commit of the running code, with ``-dirty`` where the code was changed since."""
    return settings.commit or git_commit(Path(__file__).parent)
