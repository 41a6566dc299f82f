"""The Open Inference Protocol over gRPC: counted like HTTP, and read where the model is computed.

KServe's own server answers all but ``ModelInfer``, without the calls that change what is served.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Never
from weakref import WeakValueDictionary

import grpc
from grpc_interceptor.exceptions import Unimplemented
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from matops.adapters.prometheus.serving_metrics import Outcome, ServingMetrics
from matops.adapters.serving.budget import Budget, Full
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer, Asked, refusal

METHOD = "/inference.GRPCInferenceService/ModelInfer"
QUICK_SECONDS = 0.1
"""In which a message arrives whole, unless its client or the network is slow."""
QUICK_PLACES = SLOW_PLACES = 2
"""Messages that arrive at the same time: gRPC says only of a whole one how large it is."""
STATUSES = {
    "bad_input": grpc.StatusCode.INVALID_ARGUMENT,
    "too_large": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "not_found": grpc.StatusCode.NOT_FOUND,
    "overloaded": grpc.StatusCode.UNAVAILABLE,
    "error": grpc.StatusCode.INTERNAL,
}
OUTCOMES: dict[str, Outcome] = {
    "ok": "ok",
    "bad_input": "bad_input",
    "too_large": "bad_input",
    "not_found": "bad_input",
    "overloaded": "overloaded",
    "error": "error",
}

LOOKAHEAD_BYTES = 64 * 1024
STREAMS = 256
"""Calls at the same time on one connection."""

Ask = Callable[[Asked], Awaitable[Answer]]
Count = Callable[[Answer], None]


class FixedRepository(ModelRepositoryExtension):  # type: ignore[misc]
    """The one model of a server: KServe would let any client unload it."""

    async def load(self, model_name: str) -> Never:
        """Refuse.

        Raises:
            Unimplemented: always.
        """
        raise Unimplemented(f"{model_name}: the package that the server was started with is served")

    unload = load


class Inference(grpc.GenericRpcHandler):  # type: ignore[misc]
    """``ModelInfer``, as bytes.

    On the wire a stream with one message is the same as a message; as a stream it is asked for by
    us, one after the other, when there is room for it.
    """

    def __init__(
        self, ask: Ask, count: Count, budget: Budget, limits: Limits, metrics: ServingMetrics
    ) -> None:
        self._ask, self._count = ask, count
        # What arrives is set aside for good: a call says too late how large it is.
        budget.set_aside((QUICK_PLACES + SLOW_PLACES) * limits.body_bytes)
        self._budget, self._limits, self._metrics = budget, limits, metrics
        self._quick = asyncio.Semaphore(QUICK_PLACES)
        self._slow = asyncio.Semaphore(SLOW_PLACES)
        self._of_peer: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Our own method, and no other."""
        if handler_call_details.method == METHOD:
            return grpc.stream_unary_rpc_method_handler(self._infer)
        return None

    async def _infer(
        self, messages: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> bytes:
        began = time.perf_counter()
        outcome: Outcome = "overloaded"
        try:
            answer = await self._answer(messages, context.peer())
            outcome = OUTCOMES[answer.outcome]
        finally:
            self._metrics.count_request(outcome, time.perf_counter() - began)
        if answer.outcome != "ok":
            # What this frame knows, the exception knows: no message, which would stay with it.
            await context.abort(STATUSES[answer.outcome], answer.reason)
        self._count(answer)
        return answer.body

    async def _answer(self, messages: AsyncIterator[bytes], peer: str) -> Answer:
        """The answer to a call, whose message is in memory no longer than until there is one."""
        try:
            body = await self._receive(messages, peer)
            self._budget.hold(len(body))
        except Full as full:
            return refusal("overloaded", str(full))
        except TimeoutError:
            return refusal("overloaded", "the request took too long to arrive")
        try:
            return await self._ask(Asked("grpc", body))
        finally:
            self._budget.release(len(body))

    async def _receive(self, messages: AsyncIterator[bytes], peer: str) -> bytes:
        """The message of a call; of the calls on one connection, one at a time waits for a place.

        Raises:
            Full: it is slow, and so are others.
            TimeoutError: it took too long to arrive.
        """
        of_peer = self._of_peer.setdefault(peer, asyncio.Lock())
        async with of_peer, self._quick:
            arriving = asyncio.ensure_future(_only(messages))
            await asyncio.wait([arriving], timeout=QUICK_SECONDS)
        if not arriving.done():
            if self._slow.locked():
                raise Full("too many slow requests at once")
            # It ends with its call, and not before: what is received half, gRPC never gives back.
            async with self._slow, asyncio.timeout(self._limits.seconds):
                await asyncio.wait([arriving])
        return arriving.result()


async def _only(messages: AsyncIterator[bytes]) -> bytes:
    """The message of a stream that has one.

    It is read to its end: what was not, gRPC would keep in memory for ever.
    """
    message = await anext(messages, b"")
    async for _ in messages:
        message = b""
    return message


class _Exceptions(ExceptionToStatusInterceptor):  # type: ignore[misc]
    """KServe's, which turns exceptions into statuses, for the calls that KServe answers."""

    async def intercept(
        self,
        method: Callable[..., Any],
        request_or_iterator: Any,
        context: grpc.aio.ServicerContext,
        method_name: str,
    ) -> Any:
        """Have a call answered."""
        if method_name == METHOD:
            return await method(request_or_iterator, context)
        return await super().intercept(method, request_or_iterator, context, method_name)


class _Handlers:
    """What KServe adds to a server, without what would put it before ours."""

    def __init__(self) -> None:
        self.generic: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Keep what answers methods by their names."""
        self.generic += handlers

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Forget it: the same methods, known to gRPC's core."""


class GrpcServer:
    """A server that is not started yet."""

    def __init__(self, port: int, plane: DataPlane, inference: Inference, limits: Limits) -> None:
        self._limits = limits
        self._server = grpc.aio.server(
            interceptors=(_Exceptions(),),
            options=[
                ("grpc.max_receive_message_length", limits.body_bytes),
                ("grpc.max_send_message_length", limits.buffered_bytes),
                # What nobody has asked for yet stays with its client, but for so many bytes.
                ("grpc.http2.lookahead_bytes", LOOKAHEAD_BYTES),
                ("grpc.http2.bdp_probe", 0),
                ("grpc.max_concurrent_streams", STREAMS),
                # A client that reads nothing does not answer this either, and is cut off.
                ("grpc.keepalive_time_ms", round(1000 * limits.seconds)),
                ("grpc.keepalive_timeout_ms", round(1000 * limits.seconds)),
            ],
        )
        others = _Handlers()
        add_GRPCInferenceServiceServicer_to_server(
            InferenceServicer(plane, FixedRepository(plane.model_registry)), others
        )
        # The first that knows a method answers it.
        self._server.add_generic_rpc_handlers((inference, *others.generic))
        self._server.add_insecure_port(f"[::]:{port}")

    async def serve(self) -> None:
        """Answer until it is stopped."""
        await self._server.start()
        await self._server.wait_for_termination()

    async def stop(self) -> None:
        """Take no more calls, and finish those that there are."""
        await self._server.stop(self._limits.finish_seconds)
