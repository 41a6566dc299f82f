"""A local HTTP server with the endpoints of the Materials Project that ``mp-api`` asks.

Its answers have the shape of the service's: ``data`` and ``meta.total_doc``, pages by ``_skip`` and
``_limit``, fields by ``_fields``, refusals as its gateway words them. It is not the service.

No case runs against the real service too, which needs a key and a network. Real is the service's
own client, ``mp-api``: every case goes through it (tests/adapters/data/test_materials_project.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.local_server import LocalHandler, local_server

KEY = "k" * 32
MOST_PER_PAGE = 1000
DB_VERSION = "2025.09.25"


@dataclass
class Service:
    """What the server has, what it was asked, and how it misbehaves.

    Attributes:
        documents: documents by material; all collections but the summary have the same.
        listed: materials of the summary collection: each with its elements and number of sites.
        faults: (path, fault) pairs; each spoils the next request to a path that ends so.
        asked: (path, parameters) of every request.
    """

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """Parameters of the requests to one path."""
        return [parameters for where, parameters in self.asked if where.strip("/").endswith(path)]

    def answer(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        if path == "heartbeat":
            return {
                "status": "OK",
                "version": "0.87.0",
                "db_version": DB_VERSION,
                "access_controlled_batch_ids": [],
            }
        found = (
            self._summary(parameters) if path.endswith("summary") else self._documents(parameters)
        )
        skip = int(parameters.get("_skip", 0))
        limit = min(int(parameters.get("_limit", 100)), MOST_PER_PAGE)
        fields = parameters["_fields"].split(",")
        page = [
            {name: row[name] for name in fields if name in row}
            for row in found[skip : skip + limit]
        ]
        return {"data": page, "meta": {"api_version": "0.87.0", "total_doc": len(found)}}

    def _summary(self, parameters: dict[str, str]) -> list[dict[str, Any]]:
        assert parameters["has_props"] in ("elasticity", "surface_properties")
        assert parameters["deprecated"] == "False"
        elements = set(filter(None, parameters.get("elements", "").split(",")))
        most = int(parameters.get("nsites_max", 10**6))
        return [
            {"material_id": name, **row}
            for name, row in self.listed.items()
            if elements <= set(row["elements"]) and row["nsites"] <= most
        ]

    def _documents(self, parameters: dict[str, str]) -> list[dict[str, Any]]:
        names = parameters["material_ids"].split(",")
        return [self.documents[name] for name in names if name in self.documents]


class Handler(LocalHandler):
    """One request."""

    service: Service

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.strip("/")
        parameters = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.service.asked.append((path, parameters))
        fault = self._next_fault(path)
        if fault == "cut":
            self.connection.close()
            return
        if fault == "silence":
            time.sleep(2.5)
            return
        if fault.isdigit():
            self.say(int(fault), b'{"message":"An unexpected error occurred"}')
        elif path != "heartbeat" and "x-api-key" not in self.headers:
            self.say(401, b'{"message":"No API key found in request"}')
        elif path != "heartbeat" and self.headers["x-api-key"] != KEY:
            self.say(403, b'{"message":"Invalid authentication credentials"}')
        else:
            content = json.dumps(self.service.answer(path, parameters)).encode()
            self.say(200, content[: len(content) // 2] if fault == "half" else content)

    def _next_fault(self, path: str) -> str:
        for item in self.service.faults:
            if path.endswith(item[0]):
                self.service.faults.remove(item)
                return item[1]
        return ""


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serve on a free port of this machine."""
    with local_server(Handler, service=service) as service.url:
        yield service
