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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api.models
import yaml

Json = dict[str, Any]
Answer = tuple[int, Json]

API = "/apis/v2beta1/"
LARGEST_PAGE = 2
"""Smaller than any client asks for, so that every list has pages."""
DROPPED = 0
"""A fault: the server does what it was asked for, and the connection breaks before it says so."""

ACCEPTED = ("ingest", "preprocess", "train", "evaluate", "release")
REJECTED = ("ingest", "preprocess", "train", "evaluate", "reject")
MACHINERY = ("root-driver", "root", "executor", "condition-branches-1", "condition-2")


def check_model(kind: str, body: Json) -> None:
    """Raise for fields that the published model does not have."""
    model = getattr(kfp_server_api.models, kind)
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    for name, value in body.items():
        assert name in types, f"{kind}: unknown field {name!r}"
        if isinstance(value, dict) and types[name].startswith("V2beta1"):
            check_model(types[name], value)


def refusal(status: int, message: str) -> Answer:
    return status, {"code": status, "error": message, "message": message, "details": []}


@dataclass
class Kubeflow:
    """What the server has, how it behaves, and what happened.

    Attributes:
        token: what it wants to hear; empty for anything.
        script: steps of a run, each of which ends with one look.
        ends: how a run ends.
        faults: (method, part of the path, status) by which the next such request is spoilt.
        requests: method and path of all requests.
    """

    token: str = ""
    script: tuple[str, ...] = ACCEPTED
    ends: str = "SUCCEEDED"
    faults: list[tuple[str, str, int]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    pipelines: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, Json] = field(default_factory=dict)
    experiments: dict[str, Json] = field(default_factory=dict)
    runs: dict[str, Json] = field(default_factory=dict)
    recurring: dict[str, Json] = field(default_factory=dict)
    url: str = ""
    most_enabled: int = 0
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def new(self, kept: dict[str, Json], key: str, body: Json) -> Answer:
        """Keep an object under a name of the server's own."""
        self.count += 1
        created = f"2026-11-01T00:00:{self.count:02d}Z"
        name = f"{key.removesuffix('_id')}-{self.count}"
        kept[name] = {**body, key: name, "created_at": created}
        return 200, kept[name]

    def answer(self, method: str, path: str, query: Json, body: Any) -> Answer:
        parts = path.removeprefix(API).split("/")
        if parts[0] == "pipelines":
            return self._pipelines(method, parts[1:], query, body)
        kinds: dict[str, Callable[..., Answer]] = {
            "experiments": self._experiments,
            "runs": self._runs,
            "recurringruns": self._recurring_runs,
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

    def _check_started(self, body: Json) -> Answer | None:
        reference = body["pipeline_version_reference"]
        if reference["pipeline_version_id"] not in self.versions:
            return refusal(404, "pipeline version not found")
        if body["experiment_id"] not in self.experiments:
            return refusal(404, "experiment not found")
        spec = self.versions[reference["pipeline_version_id"]]["pipeline_spec"]["pipeline_spec"]
        known = spec["root"]["inputDefinitions"]["parameters"]
        unknown = set(body["runtime_config"]["parameters"]) - set(known)
        return refusal(400, f"unknown parameters {unknown}") if unknown else None

    def _runs(self, method: str, name: str, query: Json, body: Any) -> Answer:
        if method == "POST":
            check_model("V2beta1Run", body)
            wrong = self._check_started(body)
            started = {**body, "state": "PENDING", "looks": 0}
            return wrong or self.new(self.runs, "run_id", started)
        if not name:
            return page(list(self.runs.values()), "runs", query)
        if name not in self.runs:
            return refusal(404, f"run {name} not found")
        self._pass_time(self.runs[name])
        return 200, {k: v for k, v in self.runs[name].items() if k != "looks"}

    def _pass_time(self, run: Json) -> None:
        run["looks"] += 1
        done, over = self.script[: run["looks"]], run["looks"] > len(self.script)
        run["state"] = self.ends if over else "RUNNING"
        states = dict.fromkeys((*MACHINERY, *done), "SUCCEEDED")
        if done and (not over or self.ends == "FAILED"):
            states[done[-1]] = "FAILED" if over else "RUNNING"
        run["run_details"] = {
            "task_details": [
                {"display_name": name, "state": state, "start_time": f"2026-11-02T00:00:{i:02d}Z"}
                for i, (name, state) in enumerate(states.items())
            ]
        }
        if over:
            run["finished_at"] = "2026-11-02T01:00:00Z"
        if over and self.ends == "FAILED":
            run["error"] = {"code": 13, "message": "step train failed"}

    def _recurring_runs(self, method: str, name: str, query: Json, body: Any) -> Answer:
        if method == "POST" and not name:
            check_model("V2beta1RecurringRun", body)
            if len(body["trigger"]["cron_schedule"]["cron"].split()) != 6:
                return refusal(400, "invalid cron expression")
            return self._check_started(body) or self.new(self.recurring, "recurring_run_id", body)
        if not name:
            return page(list(self.recurring.values()), "recurringRuns", query)
        own, _, verb = name.partition(":")
        if own not in self.recurring:
            return refusal(404, f"recurring run {own} not found")
        if method == "DELETE":
            del self.recurring[own]
        else:
            self.recurring[own]["mode"] = verb.upper()
        enabled = [r["display_name"] for r in self.recurring.values() if r["mode"] == "ENABLE"]
        self.most_enabled = max(map(enabled.count, enabled), default=self.most_enabled)
        return 200, {}


def page(items: list[Json], key: str, query: Json) -> Answer:
    """One page of a list, filtered and sorted as asked; a token is where the next one begins."""
    for predicate in json.loads(query.get("filter", "{}")).get("predicates", []):
        assert predicate["operation"] in ("EQUALS", 1), "no such operation"
        items = [item for item in items if item[predicate["key"]] == predicate["stringValue"]]
    if query.get("sort_by") == "created_at desc":
        items = sorted(items, key=lambda item: item["created_at"], reverse=True)
    begin = int(query.get("page_token") or 0)
    end = begin + min(int(query.get("page_size", 10)), LARGEST_PAGE)
    token = str(end) if end < len(items) else ""
    return 200, {key: items[begin:end], "total_size": len(items), "next_page_token": token}


def _file_of(content_type: str, content: bytes) -> bytes:
    """The file of a form."""
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
    (part,) = form.get_payload()
    assert isinstance(part, type(form))
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


class Handler(BaseHTTPRequestHandler):
    kubeflow: Kubeflow
    protocol_version = "HTTP/1.1"

    def _body(self) -> Any:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
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
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

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

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def running(kubeflow: Kubeflow) -> Iterator[Kubeflow]:
    """Serve it at ``kubeflow.url``."""
    handler = type("Served", (Handler,), {"kubeflow": kubeflow})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    kubeflow.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield kubeflow
    finally:
        server.shutdown()
        server.server_close()
