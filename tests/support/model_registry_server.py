"""A double of Kubeflow's Model Registry: it answers as the API's description (v1alpha3) says.

No real one is run: it needs a MySQL or PostgreSQL server. What a request may have, and which status
follows, is from api/openapi/model-registry.yaml of kubeflow/model-registry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.local_server import LocalHandler, local_server

ROOT = "/api/model_registry/v1alpha3/"
COMMON = {"name", "description", "externalId", "customProperties", "state"}
FIELDS = {
    "registered_models": COMMON | {"owner"},
    "model_versions": COMMON | {"registeredModelId", "author"},
    "artifacts": COMMON | {"id", "artifactType", "uri", "modelFormatName", "modelFormatVersion"},
}
ONE_OF = {"registered_model": "registered_models", "model_version": "model_versions"}


@dataclass
class Kept:
    """What the registry has, by kind and id, and what it was asked."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in FIELDS}
    )
    writes: list[str] = field(default_factory=list)
    broken: int = 0  # so many requests more are answered with 503
    token: str = ""  # that is asked for

    def add(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        identity = str(sum(map(len, self.objects.values())) + 1)
        return self.objects[kind].setdefault(identity, {**body, "id": identity})


class Handler(LocalHandler):
    kept: Kept

    def do_GET(self) -> None:
        path, query = self._asked()
        if self._refused():
            return
        names = {name: values[0] for name, values in query.items()}
        if path in ONE_OF:
            self._say_one(ONE_OF[path], names)
        elif artifacts := re.fullmatch(r"model_versions/(\d+)/artifacts", path):
            kept = self.kept.objects["artifacts"].values()
            items = [
                item
                for item in kept
                if item["of"] == artifacts[1] and names.get("name") in (None, item["name"])
            ]
            self.say_json(200, {"items": items, "pageSize": 0, "size": len(items)})
        else:
            self._fail(404, "no such path")

    def _say_one(self, kind: str, names: dict[str, str]) -> None:
        for item in self.kept.objects[kind].values():
            parent = item.get("registeredModelId")
            if item["name"] == names["name"] and parent == names.get("parentResourceId"):
                self.say_json(200, item)
                return
        self._fail(404, "not found")

    def do_POST(self) -> None:
        path, _ = self._asked()
        body = json.loads(self.body())
        if self._refused():
            return
        self.kept.writes.append(f"POST {path}")
        artifacts = re.fullmatch(r"model_versions/(\d+)/artifacts", path)
        kind = "artifacts" if artifacts else path
        if kind not in FIELDS or not self._is_described(kind, body):
            self._fail(400, f"{path}: not as described: {sorted(body)}")
        elif artifacts:
            of = {"of": artifacts[1]}
            there = self.kept.objects[kind].get(body.get("id", ""))
            if there:
                there.update(body)
            self.say_json(200 if there else 201, there or self.kept.add(kind, body | of))
        elif any(self._same(body, item) for item in self.kept.objects[kind].values()):
            self._fail(409, "already exists")
        else:
            self.say_json(201, self.kept.add(kind, body))

    def do_PATCH(self) -> None:
        path, _ = self._asked()
        body = json.loads(self.body())
        if self._refused():
            return
        self.kept.writes.append(f"PATCH {path}")
        kind, identity = path.split("/")
        item = self.kept.objects[kind][identity]
        if not self._is_described(kind, body) or "name" in body:
            self._fail(400, f"{path}: not as described: {sorted(body)}")
            return
        item.update(body)  # the properties that are sent are all that are left
        self.say_json(200, item)

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path.removeprefix(ROOT), parse_qs(parts.query)

    def _refused(self) -> bool:
        if self.kept.broken:
            self.kept.broken -= 1
            self.say(503, b"upstream connect error")
            return True
        if self.kept.token and self.headers.get("authorization") != f"Bearer {self.kept.token}":
            self._fail(401, "unauthorized")
            return True
        return False

    def _fail(self, status: int, message: str) -> None:
        self.say_json(status, {"code": str(status), "message": message})

    @staticmethod
    def _same(body: dict[str, Any], item: dict[str, Any]) -> bool:
        return all(body.get(key) == item.get(key) for key in ("name", "registeredModelId"))

    @staticmethod
    def _is_described(kind: str, body: dict[str, Any]) -> bool:
        text = body.get("customProperties", {}).values()
        parent = body.get("registeredModelId", "1")
        return (
            set(body) <= FIELDS[kind]
            and body.get("state", "LIVE") in ("LIVE", "ARCHIVED")
            and re.fullmatch("[1-9][0-9]{0,8}", parent) is not None
            and all(
                set(value) == {"metadataType", "string_value"}
                and value["metadataType"] == "MetadataStringValue"
                and isinstance(value["string_value"], str)
                for value in text
            )
        )


@contextmanager
def model_registry(kept: Kept) -> Iterator[str]:
    """URL of the double."""
    with local_server(Handler, kept=kept) as url:
        yield url
