"""Requests that wait at the same time are answered in one pass through the network."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor

from matops.adapters.prometheus.serving_metrics import ServingMetrics
from matops.adapters.serving.batches.batch_worker import BatchWorker, Waiting
from matops.adapters.serving.batches.worker import Answered, Load, Reading, Refused, answer, warm_up
from matops.adapters.serving.limits import Limits
from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction
from matops.processes.worker_process import WorkerProcess

RESTART_PAUSE_SECONDS = 1.0


class Overloaded(Exception):
    """The server has more to do than it can finish in time; the same request may succeed later."""


class Failed(Exception):
    """An error of the server's own."""


class Batcher:
    """A bounded queue before processes that compute.

    A free process takes at once what waits, so that a lone client loses no time; while it is
    busy, others gather.
    """

    def __init__(
        self, load: Load, reading: Reading, limits: Limits, metrics: ServingMetrics
    ) -> None:
        self._load, self._reading, self._limits, self._metrics = load, reading, limits, metrics
        self._queue: deque[Waiting] = deque()
        self._waiting_samples = 0
        self._workers: list[BatchWorker] = []
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether a process is there that can compute."""
        return any(not worker.is_broken for worker in self._workers)

    def start(self, processes: Sequence[WorkerProcess]) -> None:
        """Answer from now on."""
        self._workers = [BatchWorker(process) for process in processes]

    async def close(self) -> None:
        """Answer no more."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def ask(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """Predictions for one request.

        Raises:
            BadInput: a payload is no valid sample.
            Overloaded: too many samples wait already, or there is no answer in time.
            Failed: the server's own error.
        """
        waiting = Waiting(payloads)
        self._enqueue(waiting)
        try:
            outcome = await asyncio.wait_for(waiting.answer, self._limits.seconds)
        except TimeoutError:
            raise Overloaded(f"no answer within {self._limits.seconds:g} s") from None
        if not isinstance(outcome, Refused):
            return outcome
        raise (BadInput if outcome.is_bad_input else Failed)(outcome.reason)

    def _enqueue(self, waiting: Waiting) -> None:
        if self._waiting_samples + len(waiting.payloads) > self._limits.waiting_samples:
            raise Overloaded(f"{self._waiting_samples} samples are waiting already")
        self._queue.append(waiting)
        self._waiting_samples += len(waiting.payloads)
        self._offer()

    def _offer(self) -> None:
        """Give the processes what waits, as far as they take it; the least busy is asked first."""
        for worker in sorted(self._workers, key=lambda worker: len(worker.batches)):
            while self._queue and worker.takes(self._queue[0], self._waiting_samples):
                self._give(worker, self._take())

    def _give(self, worker: BatchWorker, batch: list[Waiting]) -> None:
        if not batch:
            return
        worker.batches.append(batch)
        task = asyncio.create_task(self._work(worker, batch))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self, worker: BatchWorker, batch: list[Waiting]) -> None:
        try:
            await self._answer(worker, batch)
        finally:
            worker.batches.remove(batch)
        self._offer()

    def _take(self) -> list[Waiting]:
        """Requests for one batch: one at least, and no more samples than a pass holds."""
        batch: list[Waiting] = []
        samples = 0
        while self._queue:
            first = self._queue[0]
            apart = first.is_suspect or samples + len(first.payloads) > self._limits.pass_samples
            if batch and (apart or batch[-1].is_suspect):
                break
            batch.append(self._queue.popleft())
            samples += len(first.payloads)
        self._waiting_samples -= samples
        # Nobody listens any more to those that took too long.
        return [waiting for waiting in batch if not waiting.answer.done()]

    async def _answer(self, worker: BatchWorker, batch: list[Waiting]) -> None:
        requests = [waiting.payloads for waiting in batch]
        try:
            answered = await asyncio.wrap_future(
                worker.process.submit(answer, self._load, requests, self._reading)
            )
        except BrokenExecutor:
            await self._replace(worker, batch)
            return
        except Exception as error:
            reason = Refused(f"{type(error).__name__}: {error}", is_bad_input=False)
            answered = Answered([reason] * len(batch), [])
        for samples in answered.passes:
            self._metrics.count_pass(samples)
        self._metrics.descriptors.add(answered.descriptors)
        for waiting, outcome in zip(batch, answered.outcomes, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)

    async def _replace(self, worker: BatchWorker, batch: list[Waiting]) -> None:
        """Start another process for one that died, and try its requests again, each alone.

        One that dies with a request alone has shown that this request is to blame.
        """
        if len(batch) == 1 and batch[0].is_suspect and not batch[0].answer.done():
            reason = Refused("the process that computes died of this request", is_bad_input=False)
            batch[0].answer.set_result(reason)
        worker.is_broken = True
        async with worker.restarting:
            await self._restart(worker.process)
        worker.is_broken = False
        for waiting in reversed(batch):
            waiting.is_suspect = True
            self._queue.appendleft(waiting)
            self._waiting_samples += len(waiting.payloads)

    async def _restart(self, process: WorkerProcess) -> None:
        while True:
            try:
                again = await asyncio.to_thread(process.submit, warm_up, self._load)
                return await asyncio.wrap_future(again)
            except BrokenExecutor:
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
