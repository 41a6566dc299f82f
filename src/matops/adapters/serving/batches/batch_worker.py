"""One process that computes, and the requests that it has been given."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from matops.adapters.serving.batches.worker import Outcome
from matops.core.data.record import Payload
from matops.processes.worker_process import WorkerProcess

BATCHES_AHEAD = 2
"""Batches that a process has at once: the one it is at, and the next."""


@dataclass(eq=False)
class Waiting:
    """A request in the queue.

    Attributes:
        payloads: its samples.
        answer: what its client waits for.
        is_suspect: it was computed when a process died, so that it gets a process of its own.
    """

    payloads: Sequence[Payload]
    answer: asyncio.Future[Outcome] = field(default_factory=asyncio.Future)
    is_suspect: bool = False


@dataclass(eq=False)
class BatchWorker:
    """A process that computes, and what it has been given.

    Attributes:
        process: the process.
        batches: the one it is at, and one more that lies ready, so that it never waits for work.
        is_broken: it has died, and its successor is not ready yet.
        restarting: held by whoever starts the successor.
    """

    process: WorkerProcess
    batches: list[list[Waiting]] = field(default_factory=list)
    is_broken: bool = False
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def takes(self, first: Waiting, waiting_samples: int) -> bool:
        """Whether it is time to give it what waits.

        One that is idle takes whatever there is. One that is busy takes as much as it is at: less
        would make small batches, more would let it run out of work.
        """
        if self.is_broken or len(self.batches) >= BATCHES_AHEAD:
            return False
        if not self.batches:
            return True
        is_alone = first.is_suspect or self.batches[0][0].is_suspect
        return not is_alone and waiting_samples >= samples_of(self.batches[0])


def samples_of(batch: Sequence[Waiting]) -> int:
    """How many samples a batch has."""
    return sum(len(waiting.payloads) for waiting in batch)
