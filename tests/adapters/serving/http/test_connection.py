"""Connections that never come to a request: cut off, whatever they send."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import pytest
import uvicorn

from matops.adapters.serving.http.connection import Connection
from matops.adapters.serving.limits import Limits

LIMITS = Limits(header_bytes=1000, seconds=0.5)
GET = b"GET / HTTP/1.1\r\nhost: x\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n"


async def application(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


async def told(pieces: Sequence[bytes], pause_s: float) -> bytes:
    """What a server says to some pieces until it closes the connection, or no more comes."""
    config = uvicorn.Config(application, port=0, http=partial(Connection, LIMITS), lifespan="off")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        async with asyncio.timeout(2):
            return await reader.read()
    finally:
        writer.close()
        server.should_exit = True
        await serving


def run(asking: Coroutine[Any, Any, bytes]) -> bytes:
    return asyncio.run(asking)


@pytest.mark.parametrize("begin", [GET + b"x: ", b"GET /", GET + b"\r\n" + GET + b"x: "])
def test_headers_without_an_end_are_cut_off(begin: bytes) -> None:
    answer = run(told([begin, *[b"a" * 400] * 3], 0.02))
    assert b"more than 1000 bytes" in answer


@pytest.mark.parametrize("pieces", [[b""], [GET], [GET + b"\r\n" + GET], [b"G", b"E", b"T", b" "]])
def test_headers_that_take_too_long_are_cut_off(pieces: list[bytes]) -> None:
    assert b"more than 0.5 s" in run(told(pieces, 0.1))


def test_large_and_slow_bodies_are_no_concern_of_the_connection() -> None:
    halves = [b"a" * 150_000] * 2
    closing = GET + b"connection: close\r\n\r\n"
    answer = run(told([POST, *halves, POST + halves[0], halves[1] + closing], 0.3))
    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_some_requests_may_be_pipelined() -> None:
    closing = GET + b"connection: close\r\n\r\n"
    answer = run(told([(GET + b"\r\n") * 20 + closing], 0.1))
    assert answer.count(b"HTTP/1.1 200 OK") == 21


def test_thousands_of_pipelined_requests_end_the_connection() -> None:
    answer = run(told([(GET + b"\r\n") * 1500], 0.1))
    assert b"More than 32 requests are waiting on this connection" in answer
    assert answer.count(b"HTTP/1.1 200 OK") < 100
