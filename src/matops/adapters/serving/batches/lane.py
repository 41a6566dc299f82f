"""One process that computes, as the one that listens sees it: what it has, and what it says."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from struct import Struct
from typing import cast

from matops.adapters.serving.batches.told import SMALL_BODY_BYTES, Ask, Drop, Turn
from matops.adapters.serving.protocols.asked import Answer, Asked
from matops.processes.linked_process import LinkedProcess

LARGE_AHEAD = 2
"""Large bodies that a process has at once: one that it reads, and one that is under way to it."""
_LENGTH = Struct("!i")
"""Before each message, as :class:`multiprocessing.connection.Connection` has it on Unix."""


@dataclass(eq=False)
class Waiting:
    """A request that is not answered yet."""

    number: int
    asked: Asked
    answer: asyncio.Future[Answer] = field(default_factory=asyncio.Future)
    is_suspect: bool = False  # was under way when a process died: it gets a process of its own
    lane: "Lane | None" = None  # the process that has it

    @property
    def is_large(self) -> bool:
        """Whether its body is."""
        return len(self.asked.body) > SMALL_BODY_BYTES


class Lane(asyncio.Protocol):
    """A process with the requests that it has.

    Args:
        told: takes what it says, with the requests that have been answered.
        died: takes what it had when it died.
    """

    def __init__(
        self,
        told: Callable[[Turn, list[tuple[Waiting, Answer]]], None],
        died: Callable[["Lane", list[Waiting]], None],
    ) -> None:
        self._told, self._died = told, died
        self.under_way: dict[int, Waiting] = {}
        self.is_broken = True  # from its death until its successor is ready
        self.turns = 0  # that it has said anything
        self._process: LinkedProcess | None = None
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()

    async def join(self, process: LinkedProcess) -> None:
        """Work with a process that is warm."""
        self._process = process
        self._unread = bytearray()
        own = _socket(process.connection)
        await asyncio.get_running_loop().create_connection(lambda: self, sock=own)
        self.is_broken = False

    def takes(self, waiting: Waiting) -> bool:
        """Whether it has room for a request; a suspect is alone."""
        if self.is_broken:
            return False
        if waiting.is_suspect:
            return not self.under_way
        if any(each.is_suspect for each in self.under_way.values()):
            return False
        large = sum(each.is_large for each in self.under_way.values()) if waiting.is_large else 0
        return large < LARGE_AHEAD

    def give(self, waiting: Waiting) -> None:
        """Have a request answered."""
        waiting.lane = self
        self.under_way[waiting.number] = waiting
        self._say(Ask(waiting.number, waiting.asked))

    def drop(self, waiting: Waiting) -> None:
        """Have a request forgotten."""
        if self.under_way.pop(waiting.number, None) and not self.is_broken:
            self._say(Drop(waiting.number))

    def kill(self) -> None:
        """End the process, whatever it is at."""
        if self._process:
            self._process.kill()

    def _say(self, message: Ask | Drop) -> None:
        text = ForkingPickler.dumps(message)
        assert self._transport is not None
        self._transport.writelines([_LENGTH.pack(len(text)), text])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process can be told something."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The process says something."""
        self._unread += data
        while len(self._unread) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread)
            end = _LENGTH.size + length
            if len(self._unread) < end:
                return
            turn: Turn = ForkingPickler.loads(self._unread[_LENGTH.size : end])
            del self._unread[:end]
            self._hear(turn)

    def _hear(self, turn: Turn) -> None:
        self.turns += 1
        answered = []
        for number, answer in turn.answers:
            if waiting := self.under_way.pop(number, None):
                answered.append((waiting, answer))
        self._told(turn, answered)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has died."""
        self.is_broken = True
        lost = list(self.under_way.values())
        self.under_way.clear()
        self._died(self, lost)


def _socket(connection: Connection) -> socket.socket:
    """The connection's socket, as a second handle of it that doesn't block."""
    own = socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
    own.setblocking(False)
    return own
