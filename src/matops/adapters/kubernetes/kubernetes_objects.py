"""Reading and writing a cluster's objects: with retries, and with errors in one line."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from kubernetes import config
from kubernetes.client import ApiClient, Configuration, CoreV1Api
from kubernetes.client.rest import ApiException
from urllib3.exceptions import HTTPError

from matops.core.errors import BadInput
from matops.processes.retry import OVERLOADED, RETRY, RetryPolicy

Json = dict[str, Any]
Kind = tuple[str, str, str]
"""Group, version and plural name of a kind of objects."""

SERVICES = ("serving.kserve.io", "v1beta1", "inferenceservices")
ROUTES = ("gateway.networking.k8s.io", "v1", "httproutes")
STATES = ("", "v1", "configmaps")
DEPLOYMENTS = ("apps", "v1", "deployments")
PODS = ("", "v1", "pods")
TRANSIENT = (500, *OVERLOADED)
"""A conditional write that was lost may be repeated, and answers 409 where it was not."""


class Conflict(Exception):
    """The object changed since it was read, or exists already."""


def connect(context: str) -> Configuration:
    """Client configuration from a context of the kubeconfig, or from the pod's service account.

    Raises:
        BadInput: there is no such context, or no kubeconfig outside a pod.
    """
    cluster = Configuration()
    try:
        config.load_kube_config(context=context or None, client_configuration=cluster)
    except config.ConfigException as error:
        if context:
            raise BadInput(f"kubeconfig: {error}") from None
        try:
            config.load_incluster_config(client_configuration=cluster)
        except config.ConfigException:
            raise BadInput(f"no cluster: {error}, and this is no pod") from None
    return cluster


class KubernetesObjects:
    """Objects of one namespace.

    Every method raises BadInput where the cluster can't be reached, or refuses.
    """

    def __init__(
        self,
        cluster: Configuration,
        namespace: str,
        timeout_s: float = 10.0,
        retry: RetryPolicy = RETRY,
    ) -> None:
        cluster.retries = False  # the client's own would hide what was tried
        self.client, self.namespace = ApiClient(cluster), namespace
        self.timeout_s, self.retry = timeout_s, retry

    def get(self, kind: Kind, name: str) -> Json | None:
        """An object, or None where there is none."""
        item: Json | None = self.ask(name, self._call, self._path(kind, name))
        return item

    def list(self, kind: Kind, selector: str) -> Sequence[Json]:
        """Objects whose labels fit a selector, as in ``app=model``."""
        path = f"{self._path(kind)}?labelSelector={quote(selector)}"
        listed = self.ask(selector, self._call, path) or {}
        items: Sequence[Json] = listed.get("items", [])
        return items

    def create(self, kind: Kind, body: Json) -> None:
        """Create an object.

        Raises:
            Conflict: there is one of this name.
        """
        self.ask(body["metadata"]["name"], self._call, self._path(kind), "POST", body)

    def patch(self, kind: Kind, item: Json, changes: Json) -> None:
        """Change an object by a JSON merge patch, unless it changed since it was read.

        Raises:
            Conflict: it did, or it is gone.
        """
        name, read = item["metadata"]["name"], item["metadata"]["resourceVersion"]
        body = {**changes, "metadata": {**changes.get("metadata", {}), "resourceVersion": read}}
        if self.ask(name, self._call, self._path(kind, name), "PATCH", body) is None:
            raise Conflict(f"{name} is gone")

    def delete(self, kind: Kind, name: str) -> None:
        """Delete an object, with all that belongs to it; one that is gone is no error."""
        self.ask(name, self._call, self._path(kind, name), "DELETE")

    def service_port(self, name: str) -> int | None:
        """Port of a Service, or of its pods if it is headless; None where there is no Service."""
        read = CoreV1Api(self.client).read_namespaced_service
        service = self.ask(name, read, name, self.namespace)
        if service is None:
            return None
        port = service.spec.ports[0]
        return int(port.target_port if service.spec.cluster_ip == "None" else port.port)

    def read(self, path: str) -> Json | None:
        """The answer at a path of the API, of this namespace or not; None for 404."""
        answer: Json | None = self.ask(path, self._call, path)
        return answer

    def _path(self, kind: Kind, name: str = "") -> str:
        group, version, plural = kind
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        return f"{root}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def _call(
        self, path: str, method: str = "GET", body: Json | None = None, *, _request_timeout: float
    ) -> Any:
        patch = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        return self.client.call_api(
            path,
            method,
            header_params={"Accept": "application/json", **patch},
            body=body,
            response_type="object",
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _request_timeout=_request_timeout,
        )

    def ask(self, name: str, ask: Callable[..., Any], *arguments: Any) -> Any:
        """The answer of a client's function, or None for 404, with retries; ``name`` is for errors.

        Raises:
            Conflict: the object changed since it was read, or exists already.
            BadInput: the cluster can't be reached, or refuses.
        """
        try:
            return self.retry.call(
                lambda: ask(*arguments, _request_timeout=self.timeout_s), _is_transient
            )
        except ApiException as error:
            if error.status == 404:
                return None
            if error.status == 409:
                raise Conflict(name) from None
            reason = f"{error.status}: {_message(error)}"
        except HTTPError as error:
            reason = f"no answer: {error}"
        raise BadInput(f"{self.client.configuration.host}: {self.namespace}/{name}: {reason}")


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, HTTPError) or getattr(error, "status", None) in TRANSIENT


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
