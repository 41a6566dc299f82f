"""Reading and writing a cluster's objects: with retries, and with errors in one line."""

import json
from collections.abc import Callable
from typing import Any

from kubernetes import config
from kubernetes.client import ApiClient, Configuration, CoreV1Api, CustomObjectsApi
from kubernetes.client.rest import ApiException
from urllib3.exceptions import HTTPError

from matops.core.errors import BadInput
from matops.processes.retry import OVERLOADED, RETRY, RetryPolicy

Json = dict[str, Any]

SERVICES = ("serving.kserve.io", "v1beta1", "inferenceservices")
ROUTES = ("gateway.networking.k8s.io", "v1", "httproutes")
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

    def get(self, kind: tuple[str, str, str], name: str) -> Json | None:
        """A custom object, or None where there is none."""
        group, version, plural = kind
        get = CustomObjectsApi(self.client).get_namespaced_custom_object
        item: Json | None = self.ask(name, get, group, version, self.namespace, plural, name)
        return item

    def create(self, kind: tuple[str, str, str], body: Json) -> None:
        """Create a custom object.

        Raises:
            Conflict: there is one of this name.
        """
        group, version, plural = kind
        create = CustomObjectsApi(self.client).create_namespaced_custom_object
        self.ask(body["metadata"]["name"], create, group, version, self.namespace, plural, body)

    def patch(self, kind: tuple[str, str, str], item: Json, changes: Json) -> None:
        """Change a custom object by a JSON merge patch, unless it changed since it was read.

        Raises:
            Conflict: it did, or it is gone.
        """
        group, version, plural = kind
        name, read = item["metadata"]["name"], item["metadata"]["resourceVersion"]
        body = {**changes, "metadata": {**changes.get("metadata", {}), "resourceVersion": read}}
        patch = CustomObjectsApi(self.client).patch_namespaced_custom_object
        if self.ask(name, patch, group, version, self.namespace, plural, name, body) is None:
            raise Conflict(f"{name} is gone")

    def delete(self, kind: tuple[str, str, str], name: str) -> None:
        """Delete a custom object, with all that belongs to it; one that is gone is no error."""
        group, version, plural = kind
        delete = CustomObjectsApi(self.client).delete_namespaced_custom_object
        self.ask(name, delete, group, version, self.namespace, plural, name)

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
        answer: Json | None = self.ask(path, self._read, path)
        return answer

    def _read(self, path: str, _request_timeout: float) -> Any:
        return self.client.call_api(
            path,
            "GET",
            header_params={"Accept": "application/json"},
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
