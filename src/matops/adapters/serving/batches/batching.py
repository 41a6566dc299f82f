"""Requests on their way to the processes that compute, and back."""

import asyncio
from collections import deque
from itertools import count

from matops.adapters.prometheus.serving_metrics import ServingMetrics
from matops.adapters.serving.batches.computing import Computing
from matops.adapters.serving.batches.lane import Lane, Waiting
from matops.adapters.serving.batches.told import Turn, Warm
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer, Asked, refusal

RESTART_PAUSE_SECONDS = 1.0


class Batcher:
    """What waits, and the processes that answer it.

    A process is told of all small requests at once: what has gathered while it computed, it
    answers together, and a lone client loses no time. Large bodies come to it two at a time.
    """

    def __init__(self, computing: Computing, limits: Limits, metrics: ServingMetrics) -> None:
        self._computing, self._limits, self._metrics = computing, limits, metrics
        self._numbers = count()
        self._small: deque[Waiting] = deque()
        self._large: deque[Waiting] = deque()
        self._lanes: list[Lane] = []
        self._restarts: set[asyncio.Task[None]] = set()
        self._unanswered = 0
        self._is_closed = False

    @property
    def is_ready(self) -> bool:
        """Whether a process is there that can compute."""
        return any(not lane.is_broken for lane in self._lanes)

    async def start(self) -> None:
        """Answer from now on."""
        for process in self._computing.processes:
            lane = Lane(self._on_turn, self._on_death)
            self._lanes.append(lane)
            await lane.join(process)

    async def close(self) -> None:
        """Answer no more."""
        self._is_closed = True
        for task in self._restarts:
            task.cancel()
        await asyncio.gather(*self._restarts, return_exceptions=True)

    async def ask(self, asked: Asked) -> Answer:
        """The answer to one request; when nobody waits for it any more, nobody works at it."""
        if self._unanswered >= self._limits.waiting_requests:
            return refusal("overloaded", f"{self._unanswered} requests are waiting already")
        waiting = Waiting(next(self._numbers), asked)
        (self._large if waiting.is_large else self._small).append(waiting)
        self._unanswered += 1
        self._offer()
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await waiting.answer
        except TimeoutError:
            self._watch(waiting.lane)
            return refusal("overloaded", f"no answer within {self._limits.seconds:g} s")
        finally:
            self._unanswered -= 1
            self._forget(waiting)

    def _forget(self, waiting: Waiting) -> None:
        if waiting.lane:
            waiting.lane.drop(waiting)
            self._offer()
        for queue in (self._small, self._large):
            if waiting in queue:
                queue.remove(waiting)

    def _watch(self, lane: Lane | None) -> None:
        """Kill a process that says nothing for as long again: it is stuck."""
        if lane is None:
            return
        heard = lane.turns

        def look() -> None:
            if lane.turns == heard and lane.under_way and not self._is_closed:
                lane.kill()

        asyncio.get_running_loop().call_later(self._limits.seconds, look)

    def _offer(self) -> None:
        """Give the processes what waits, as far as they take it; the least busy is asked first."""
        for queue in (self._small, self._large):
            while queue:
                lanes = [lane for lane in self._lanes if lane.takes(queue[0])]
                if not lanes:
                    break
                min(lanes, key=lambda lane: len(lane.under_way)).give(queue.popleft())

    def _on_turn(self, turn: Turn, answered: list[tuple[Waiting, Answer]]) -> None:
        for samples in turn.passes:
            self._metrics.count_pass(samples)
        self._metrics.descriptors.add(turn.descriptors)
        for waiting, answer in answered:
            waiting.lane = None
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
        self._offer()

    def _on_death(self, lane: Lane, lost: list[Waiting]) -> None:
        """Start another process for one that died, and try its requests again, each alone.

        One that dies with a request alone has shown that this request is to blame.
        """
        if self._is_closed:
            return
        if len(lost) == 1 and lost[0].is_suspect:
            died = refusal("error", "the process that computes died of this request")
            poisonous = lost.pop()
            if not poisonous.answer.done():
                poisonous.answer.set_result(died)
        for waiting in reversed(lost):
            waiting.lane, waiting.is_suspect = None, True
            self._small.appendleft(waiting)
        task = asyncio.create_task(self._restart(lane))
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)

    async def _restart(self, lane: Lane) -> None:
        lane.kill()
        place = self._lanes.index(lane)
        while True:
            process = await asyncio.to_thread(self._computing.start)
            self._computing.processes[place] = process
            try:
                warm: Warm = await asyncio.to_thread(process.connection.recv)
            except EOFError:
                warm = Warm("it died")
            if not warm.refusal:
                break
            process.kill()
            await asyncio.sleep(RESTART_PAUSE_SECONDS)
        await lane.join(process)
        self._offer()
