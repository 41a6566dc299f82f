"""KServe's application over HTTP, with what it lacks: metadata, a description, and a page."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import kserve.model_server
import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from kserve.protocol.rest.server import RESTServer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from matops.adapters.serving.grpc_server import FixedRepository
from matops.adapters.serving.http.openapi import openapi
from matops.adapters.serving.http.page import page
from matops.adapters.serving.kserve_model import Plane
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.served import Served, describe

_JSON = "application/json"
_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


def application(plane: Plane, served: Served, limits: Limits) -> FastAPI:
    """All answers but predictions; what never changes is written once."""
    app: FastAPI = kserve.model_server.app
    name = served.family.name
    metadata = orjson.dumps({**plane.tensors(), **describe(served, limits)})
    text = page(served, limits).encode()
    scraping = ThreadPoolExecutor(1, "metrics")

    async def tell_metadata() -> Response:
        return Response(metadata, media_type=_JSON)

    async def tell_page() -> Response:
        return HTMLResponse(text, headers=_HEADERS)

    async def tell_root(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return await tell_page()
        return Response(orjson.dumps(await plane.live()), media_type=_JSON)

    async def tell_metrics() -> Response:
        # Apart, one at a time: they take milliseconds, and probes should not wait for them.
        loop = asyncio.get_running_loop()
        lines = await loop.run_in_executor(scraping, generate_latest)
        return Response(lines, media_type=CONTENT_TYPE_LATEST)

    # Before KServe's own routes of these paths.
    answers: dict[str, Callable[..., Awaitable[Response]]] = {
        "/": tell_root,
        "/docs": tell_page,
        "/metrics": tell_metrics,
        f"/v2/models/{name}": tell_metadata,
    }
    for path, tell in answers.items():
        app.add_api_route(path, tell, methods=["GET"])
    described = openapi(served, limits)
    # FastAPI's own way to another description than the one it generates.
    app.openapi = lambda: described  # type: ignore[method-assign]
    RESTServer("", plane, FixedRepository(plane.model_registry), 0).create_application()
    return app
