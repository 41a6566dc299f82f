"""A server's life: warm up, answer, and end without losing a request."""

import asyncio
import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import kserve.model_server
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve import ModelRepository
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.logging import configure_logging
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.rest.server import RESTServer

from matops.adapters.prometheus.serving_metrics import Identity, ServingMetrics
from matops.adapters.serving.batches.batching import Batcher, Overloaded
from matops.adapters.serving.batches.computing import Computing
from matops.adapters.serving.batches.worker import Reading, freeze_gc
from matops.adapters.serving.grpc_server import FixedRepository, grpc_server
from matops.adapters.serving.http.connection import Connection
from matops.adapters.serving.http.guard import RETRY_AFTER_SECONDS, Guard
from matops.adapters.serving.kserve_model import ServedModel
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.openapi import openapi, routes
from matops.adapters.serving.recent import RecentRequests
from matops.adapters.serving.served import Served, describe

EXPECTED = (InvalidInput, ModelNotFound, ModelNotReady, Overloaded)
"""Errors that are answered in words; they are counted, and not worth a traceback."""


@dataclass(frozen=True)
class Ports:
    """Where a server listens; without a gRPC port, only over HTTP."""

    http: int
    grpc: int | None = None


@dataclass(frozen=True)
class Running:
    """How a server runs."""

    ports: Ports  # where it listens
    limits: Limits = field(default_factory=Limits)  # what it takes on
    keep_requests: int = 0  # recent requests that it keeps for comparisons; none by default


def serve(served: Served, computing: Computing, running: Running) -> None:
    """Serve until told to end; the processes that compute are warm before it listens.

    Raises:
        BadInput: the package is damaged.
    """
    _quiet()
    computing.wait_until_warm()
    config = _uvicorn_config(running)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(served, computing, running, config))


def _uvicorn_config(running: Running) -> uvicorn.Config:
    return uvicorn.Config(
        kserve.model_server.app,
        host="0.0.0.0",  # noqa: S104  a container is asked from outside
        port=running.ports.http,
        http=partial(Connection, running.limits),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=max(1, round(running.limits.finish_seconds)),
    )


async def _serve(
    served: Served, computing: Computing, running: Running, config: uvicorn.Config
) -> None:
    limits, family = running.limits, served.family
    metrics = ServingMetrics(
        Identity(family.name, served.model_version, served.variant),
        family.targets,
        family.descriptor_names,
    )
    metrics.tell_model(served.dataset_version, served.gates)
    largest = limits.sample_size or family.largest_sample
    reading = Reading(largest, limits.reading_seconds, limits.pass_samples)
    batcher = Batcher(computing.load, reading, limits, metrics)
    batcher.start(computing.processes)
    recent = RecentRequests(running.keep_requests)
    model = ServedModel(served, batcher.ask, limits, metrics, recent)
    plane = _Plane(model, batcher)
    app = _application(plane, served, limits)
    recent.attach(app)
    guard = Guard(app, {**routes(served, limits), **recent.routes()}, limits, metrics)
    config.app = guard
    freeze_gc()
    port = running.ports.grpc
    grpc = None if port is None else grpc_server(port, plane, limits)
    await _listen(_Uvicorn(config), grpc, plane, guard, limits)
    await batcher.close()


class _Plane(DataPlane):  # type: ignore[misc]
    """KServe's requests to models; not ready while no process can compute, nor near the end."""

    def __init__(self, model: ServedModel, batcher: Batcher) -> None:
        registry = ModelRepository()
        registry.update(model)
        super().__init__(registry)
        self._batcher = batcher
        self.is_draining = False

    async def ready(self) -> bool:
        """Whether new requests should come here."""
        return self._batcher.is_ready and not self.is_draining

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """The same of a model; those that come nevertheless are answered as long as possible."""
        ready = await super().model_ready(model_name, True)
        return bool(ready) and (disable_predictor_health_check or await self.ready())


def _application(plane: DataPlane, served: Served, limits: Limits) -> FastAPI:
    """KServe's application, with our metadata, description and errors."""
    app: FastAPI = kserve.model_server.app
    name, description = served.family.name, describe(served, limits)

    async def metadata() -> dict[str, Any]:
        tensors = await plane.model_metadata(name)
        return {**tensors, "versions": [served.model_version], **description}

    # Before KServe's own route of this path, which keeps to the protocol's fields.
    app.add_api_route(f"/v2/models/{name}", metadata, methods=["GET"])
    RESTServer("", plane, FixedRepository(plane.model_registry), 0).create_application()
    # FastAPI's own way to another description than the one it generates.
    app.openapi = partial(openapi, served, limits)  # type: ignore[method-assign]
    app.add_exception_handler(Overloaded, _say_overloaded)
    app.add_exception_handler(InvalidInput, _say_invalid)
    app.add_exception_handler(RequestValidationError, _say_malformed)
    return app


async def _say_overloaded(_request: Request, error: Exception) -> JSONResponse:
    headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
    return _say(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers)


async def _say_invalid(_request: Request, error: Exception) -> JSONResponse:
    return _say(HTTPStatus.BAD_REQUEST, str(error))


async def _say_malformed(_request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    return _say(HTTPStatus.BAD_REQUEST, f"{where or 'the body'}: {first.get('msg', error)}")


def _say(status: HTTPStatus, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": " ".join(words.split())}, status, headers)


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves signals to us: it would close its port at once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _listen(
    http: _Uvicorn, grpc: GRPCServer | None, plane: _Plane, guard: Guard, limits: Limits
) -> None:
    """Answer until a signal comes; then be not ready, let go, finish, and end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = [asyncio.create_task(http.serve())]
    if grpc:
        listening.append(asyncio.create_task(grpc.start(1)))
    ending = asyncio.create_task(stop.wait())
    await asyncio.wait([ending, *listening], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    plane.is_draining = guard.is_draining = True
    if http.started:
        await asyncio.sleep(limits.settle_seconds)
    http.should_exit = True
    if grpc:
        await grpc.stop()
    await asyncio.gather(*listening)


def _quiet() -> None:
    """KServe's log without a line for each request and tracebacks of what is answered in words."""
    configure_logging()
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)
    logging.getLogger("kserve").setLevel(logging.WARNING)
    logging.getLogger("kserve").addFilter(_is_worth_a_line)
    # KServe's own choice of a response class.
    warnings.filterwarnings("ignore", module="fastapi")


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, EXPECTED)
