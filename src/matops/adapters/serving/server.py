"""A server's life: warm up, answer, and end without losing a request."""

import asyncio
import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import kserve.model_server
import uvicorn
from kserve.logging import configure_logging

from matops.adapters.prometheus.serving_metrics import Identity, ServingMetrics
from matops.adapters.serving.batches.batching import Batcher
from matops.adapters.serving.batches.computing import Computing
from matops.adapters.serving.batches.worker import freeze_gc
from matops.adapters.serving.budget import Budget
from matops.adapters.serving.grpc_server import GrpcServer, Inference
from matops.adapters.serving.heap import give_memory_back
from matops.adapters.serving.http.application import application
from matops.adapters.serving.http.connection import Connection
from matops.adapters.serving.http.guard import Guard
from matops.adapters.serving.http.routes import Routes, routes
from matops.adapters.serving.kserve_model import Plane, ServedModel
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer
from matops.adapters.serving.recent import RecentRequests
from matops.adapters.serving.served import Served


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
    # which marks a request as a comparison, and so as none of a client's; empty where none is
    comparison_token: str = field(default="", repr=False)


def serve(served: Served, computing: Computing, running: Running) -> None:
    """Serve until told to end; the processes that compute are warm before it listens.

    Raises:
        BadInput: the package is damaged.
    """
    _quiet()
    give_memory_back()
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
    recent = RecentRequests(running.keep_requests)

    def count(answer: Answer) -> None:
        if answer.predictions:
            metrics.count_predictions(answer.predictions)
        recent.keep(answer.first_payload)

    batcher, budget = Batcher(computing, limits, metrics), Budget(limits)
    await batcher.start()
    plane = Plane(ServedModel(served), batcher)
    app = application(plane, served, limits)
    recent.attach(app)
    paths = routes(served, limits)
    paths = Routes({**paths.methods, **recent.routes()}, paths.asking, paths.aliases)
    token = running.comparison_token
    guard = Guard(app, paths, batcher.ask, count, budget, limits, metrics, token)
    config.app = guard
    port = running.ports.grpc
    grpc = None
    if port is not None:
        inference = Inference(batcher.ask, count, budget, limits, metrics)
        grpc = GrpcServer(port, plane, inference, limits)
    freeze_gc()
    await _listen(_Uvicorn(config), grpc, plane, guard, limits)
    await batcher.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves signals to us: it would close its port at once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _listen(
    http: _Uvicorn, grpc: GrpcServer | None, plane: Plane, guard: Guard, limits: Limits
) -> None:
    """Answer until a signal comes; then be not ready, let go, finish, and end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = [asyncio.create_task(http.serve())]
    if grpc:
        listening.append(asyncio.create_task(grpc.serve()))
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
    # KServe's own choice of a response class.
    warnings.filterwarnings("ignore", module="fastapi")
