"""A local HTTP server that answers as the API server of Kubeflow Pipelines 2.17 (v2beta1) does.

It keeps pipelines, versions, experiments, runs and recurring runs, and speaks real HTTP to the
client that Kubeflow publishes. Bodies are checked against the models of that client: a field that
is none of theirs is refused. Nothing is run: a run's steps follow a script, one look at a time.
It is not Kubeflow, and its rules are those that were read in Kubeflow's sources and documentation.

No case runs against a real Kubeflow too, which needs a cluster. Real are Kubeflow's own client,
which finds what was made here (tests/entrypoints/cli/pipelines/test_runs.py), and its compiler and
message types, which read the compiled pipelines (tests/pipelines/test_compiled.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.support.kubeflow_runs import Answer, Json, Runs, check_model, page, refusal
from tests.support.local_server import LocalHandler, local_server

API, OLD_API = "/apis/v2beta1/", "/apis/v1beta1/"
DROPPED = 0
"""A fault: the server does what it was asked for, and the connection breaks before it says so."""


@dataclass
class Kubeflow(Runs):
    """What the server has, how it behaves, and what happened.

    Attributes:
        token: what it wants to hear; empty for anything.
        faults: (method, part of the path, status) by which the next such request is spoilt.
        requests: method and path of all requests.
    """

    token: str = ""
    faults: list[tuple[str, str, int]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    pipelines: dict[str, Json] = field(default_factory=dict)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, query: Json, body: Any) -> Answer:
        if path.startswith(f"{OLD_API}runs/"):
            return self.runs_of_old(path.removeprefix(f"{OLD_API}runs/"))
        parts = path.removeprefix(API).split("/")
        if parts[0] == "pipelines":
            return self._pipelines(method, parts[1:], query, body)
        kinds: dict[str, Callable[..., Answer]] = {
            "experiments": self._experiments,
            "runs": self.answer_runs,
            "recurringruns": self.answer_recurring,
        }
        if parts == ["healthz"]:
            return 200, {"multi_user": False, "pipeline_store": "database"}
        if parts[0] not in kinds:
            return refusal(404, "Not Found")
        return kinds[parts[0]](method, "/".join(parts[1:]), query, body)

    def _pipelines(self, method: str, parts: list[str], query: Json, body: Any) -> Answer:
        if parts == ["upload_version"]:
            return self._upload(query, body)
        if len(parts) == 2 and parts[1] == "versions":
            own = [v for v in self.versions.values() if v["pipeline_id"] == parts[0]]
            return page(own, "pipeline_versions", query)
        if method == "GET":
            return page(list(self.pipelines.values()), "pipelines", query)
        check_model("V2beta1Pipeline", body)
        if body["display_name"] in {p["display_name"] for p in self.pipelines.values()}:
            return refusal(409, "pipeline already exists")
        return self.new(self.pipelines, "pipeline_id", body)

    def _upload(self, query: Json, body: Any) -> Answer:
        if query["pipelineid"] not in self.pipelines:
            return refusal(404, "pipeline not found")
        own = {v["name"] for v in self.versions.values()}
        if query["name"] in own:
            return refusal(409, "pipeline version already exists")
        spec, platform = yaml.safe_load_all(body)
        content = {"pipeline_spec": spec, "platform_spec": platform}
        told = {name: query[name] for name in ("name", "display_name", "description")}
        version = {**told, "pipeline_id": query["pipelineid"], "pipeline_spec": content}
        return self.new(self.versions, "pipeline_version_id", version)

    def _experiments(self, method: str, name: str, query: Json, body: Any) -> Answer:
        if method == "GET":
            return page(list(self.experiments.values()), "experiments", query)
        check_model("V2beta1Experiment", body)
        if body["display_name"] in {e["display_name"] for e in self.experiments.values()}:
            return refusal(409, "experiment already exists")
        return self.new(self.experiments, "experiment_id", body)


def _file_of(content_type: str, content: bytes) -> bytes:
    """The file of a form."""
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
    (part,) = form.get_payload()
    assert isinstance(part, type(form))
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


class Handler(LocalHandler):
    kubeflow: Kubeflow
    protocol_version = "HTTP/1.1"

    def _body(self) -> Any:
        content = self.body()
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return _file_of(kind, content)
        return json.loads(content) if content else None

    def _answer(self) -> None:
        url, body = urlsplit(self.path), self._body()
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        with self.kubeflow.lock:
            self.kubeflow.requests.append((self.command, url.path))
            status, told = self._spoilt(url.path) or self._served(url.path, query, body)
        if status == DROPPED:
            self.close_connection = True
            return
        self.say_json(status, told)

    def _spoilt(self, path: str) -> Answer | None:
        for fault in self.kubeflow.faults:
            method, part, status = fault
            if method == self.command and part in path and status != DROPPED:
                self.kubeflow.faults.remove(fault)
                return status, {"error": "spoilt", "message": "spoilt"}
        return None

    def _served(self, path: str, query: Json, body: Any) -> Answer:
        kubeflow = self.kubeflow
        if kubeflow.token and self.headers.get("authorization") != f"Bearer {kubeflow.token}":
            return refusal(401, "unauthenticated")
        try:
            answer = kubeflow.answer(self.command, path, query, body)
        except AssertionError as wrong:
            return refusal(400, str(wrong))
        for fault in kubeflow.faults:
            if fault[0] == self.command and fault[1] in path:
                kubeflow.faults.remove(fault)
                return DROPPED, {}
        return answer

    do_GET = do_POST = do_DELETE = _answer


@contextmanager
def running(kubeflow: Kubeflow) -> Iterator[Kubeflow]:
    """Serve it at ``kubeflow.url``."""
    with local_server(Handler, kubeflow=kubeflow) as kubeflow.url:
        yield kubeflow
