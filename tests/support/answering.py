"""A local HTTP server that answers as a cluster in memory does, with the faults of a real one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from tests.support.local_server import LocalHandler, local_server

Json = dict[str, Any]


def refusal(status: int, message: str) -> tuple[int, Json]:
    return status, {"kind": "Status", "status": "Failure", "message": message, "code": status}


class Answering(Protocol):
    """A cluster as the server asks it."""

    url: str
    faults: list[tuple[str, str]]

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        """Status and answer; the path may have a query."""


AnyCluster = TypeVar("AnyCluster", bound=Answering)


class Handler(LocalHandler):
    """One request."""

    cluster: Answering

    def _answer(self) -> None:
        content = self.body()
        body = json.loads(content) if content else None
        fault = next((f for m, f in self.cluster.faults if m == self.command), "")
        if fault:
            self.cluster.faults.remove((self.command, fault))
        if fault == "silence":
            time.sleep(1.5)
            return
        if fault.isdigit():
            self.say_json(*refusal(int(fault), "the server is overloaded"))
            return
        if self.command == "PATCH":
            assert self.headers["content-type"] == "application/merge-patch+json"
        answer = self.cluster.answer(self.command, self.path, body)
        if fault == "lost":  # the write is done, and nobody is told
            self.connection.close()
            return
        self.say_json(*answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer


@contextmanager
def running(cluster: AnyCluster) -> Iterator[AnyCluster]:
    """Serve on a free port of this machine."""
    with local_server(Handler, cluster=cluster) as cluster.url:
        yield cluster
