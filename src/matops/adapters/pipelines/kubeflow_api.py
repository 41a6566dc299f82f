"""Questions to a Kubeflow Pipelines server: with retries, and with errors in one line."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp_server_api
from kfp_server_api import ApiException, Configuration
from urllib3.exceptions import HTTPError, ProtocolError

from matops.core.errors import BadInput
from matops.processes.retry import OVERLOADED, RETRY, RetryPolicy

IN_CLUSTER_TOKEN = Path("/var/run/secrets/kubeflow/pipelines/token")
"""Where Kubeflow's documentation has a pod's token mounted."""
PAGE = 100
ONCE = RetryPolicy(attempts=1)


class AlreadyThere(Exception):
    """Somebody else has created an object of this name."""


@dataclass(frozen=True)
class KubeflowAccess:
    """Endpoint and credentials of a server."""

    endpoint: str
    namespace: str = ""  # the user's, where several share Kubeflow
    token: str = ""  # of a person or service account; empty for the pod's own, or none
    ca: Path | None = None  # file with the server's certificate authority; None for the usual ones

    def configuration(self) -> Configuration:
        """The same for the client."""
        server = Configuration(host=self.endpoint.rstrip("/"))
        server.retries = False  # the client's own would hide what was tried
        server.api_key_prefix["authorization"] = "Bearer"
        if self.ca:
            server.ssl_ca_cert = str(self.ca)
        if self.token:
            server.api_key["authorization"] = self.token
        elif IN_CLUSTER_TOKEN.is_file():
            _read_token(server)
            server.refresh_api_key_hook = _read_token
        return server


def _read_token(configuration: Configuration) -> None:
    """A pod's token is replaced from time to time, and read anew for each question."""
    configuration.api_key["authorization"] = IN_CLUSTER_TOKEN.read_text().strip()


class KubeflowApi:
    """A Kubeflow Pipelines server (v2beta1)."""

    def __init__(
        self, access: KubeflowAccess, timeout_s: int = 30, retry: RetryPolicy = RETRY
    ) -> None:
        self.endpoint, self.namespace = access.endpoint, access.namespace
        self.timeout_s, self.retry = timeout_s, retry
        client = kfp_server_api.ApiClient(access.configuration())
        self.pipelines = kfp_server_api.PipelineServiceApi(client)
        self.uploads = kfp_server_api.PipelineUploadServiceApi(client)
        self.experiments = kfp_server_api.ExperimentServiceApi(client)
        self.runs = kfp_server_api.RunServiceApi(client)
        self.recurring = kfp_server_api.RecurringRunServiceApi(client)

    def ask(self, what: str, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The answer to an idempotent request, or None where there is no such object.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        return self._ask(self.retry, what, ask, *arguments, **named)

    def create(self, what: str, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The answer to a request that is not idempotent: it is sent once.

        Raises:
            AlreadyThere: there is an object of this name.
            BadInput: the server can't be reached, or refuses.
        """
        created = self._ask(ONCE, what, ask, *arguments, **named)
        if created is None:
            raise BadInput(f"{self.endpoint}: {what}: what it belongs to is not there any more")
        return created

    def pages(self, what: str, ask: Callable[..., Any], field: str, **named: Any) -> Iterator[Any]:
        """Every object of a list, page by page."""
        token = ""
        while True:
            page = self.ask(what, ask, page_size=PAGE, page_token=token, **named)
            yield from (getattr(page, field) or []) if page else []
            token = page.next_page_token if page else ""
            if not token:
                return

    def workflow(self, run_id: str) -> dict[str, Any]:
        """Argo's workflow of a run; empty where the server has none, or shows none.

        Only the API's first version shows it, beside this one, and no client is published for that.
        """
        detail = self.ask(
            f"workflow of {run_id}",
            self.runs.api_client.call_api,
            "/apis/v1beta1/runs/{run_id}",
            "GET",
            {"run_id": run_id},
            response_type="object",
            auth_settings=["Bearer"],
            _return_http_data_only=True,
        )
        runtime = (detail or {}).get("pipeline_runtime") or {}
        workflow = json.loads(runtime.get("workflow_manifest") or "{}")
        return workflow if isinstance(workflow, dict) else {}

    def _ask(
        self, retry: RetryPolicy, what: str, ask: Callable[..., Any], *arguments: Any, **named: Any
    ) -> Any:
        try:
            return retry.call(
                lambda: ask(*arguments, _request_timeout=self.timeout_s, **named), _is_transient
            )
        except ApiException as error:
            if error.status == 404 and _is_kubeflow(error):
                return None
            if error.status == 409:
                raise AlreadyThere(what) from None
            reason = _refusal(error)
        except (HTTPError, OSError) as error:
            reason = f"not reachable: {_innermost(error)}"
        except ValueError:
            reason = "not an answer of Kubeflow Pipelines"
        raise BadInput(f"{self.endpoint}: {what}: {reason}")


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, HTTPError | OSError) or getattr(error, "status", None) in OVERLOADED


def _innermost(error: Exception) -> str:
    """What went wrong, without the client's objects around it."""
    inner = error.args[1] if isinstance(error, ProtocolError) and error.args[1:] else error
    return re.sub(r"^HTTPS?Connection\(.*?\): ", "", str(inner))


def _is_kubeflow(error: ApiException) -> bool:
    """Whether it is Kubeflow that says so, and not some other server at this address."""
    try:
        return "code" in json.loads(error.body)
    except (TypeError, ValueError):
        return False


def _refusal(error: ApiException) -> str:
    if error.status in (401, 403):
        return f"{error.status}, the token is not accepted: set MATOPS_KFP_TOKEN to a valid one"
    if error.status == 404:
        return "404, there is no Kubeflow Pipelines API at this address"
    try:
        body = json.loads(error.body)
        return f"{error.status}: {body.get('message') or body.get('error')}"
    except (TypeError, ValueError, AttributeError):
        return f"{error.status}: {error.reason}"
