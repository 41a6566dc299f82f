"""One process that computes, and the requests that it has been given."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from matops.adapters.serving.batches.worker import Outcome
from matops.core.data.record import Payload
from matops.processes.worker_process import WorkerProcess

BATCHES_AHEAD = 2
"""Batches that a process has at once: one that it computes, and one that is queued."""


@dataclass(eq=False)
class Waiting:
    """A request in the queue."""

    payloads: Sequence[Payload]
    answer: asyncio.Future[Outcome] = field(default_factory=asyncio.Future)
    is_suspect: bool = False  # was computed when a process died: it gets a process of its own


@dataclass(eq=False)
class BatchWorker:
    """A process with its batches: one computed and one queued, so that it never waits for work.

    It is broken from its death until its successor is ready.
    """

    process: WorkerProcess
    batches: list[list[Waiting]] = field(default_factory=list)
    is_broken: bool = False
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)  # held during a restart

    def takes(self, first: Waiting, waiting_samples: int) -> bool:
        """Whether it is time to give it what waits.

        An idle one takes whatever there is. A busy one takes no fewer samples than the batch that
        it computes: less would make small batches, more would let it run out of work.
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
