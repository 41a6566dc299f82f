"""A scheduled job's time, shared among what it looks at."""

import signal
import time
from collections.abc import Callable
from types import FrameType

from matops.core.errors import BadInput


class _TurnOver(BaseException):
    """Nobody on the way takes it for a failure of what was being asked."""


class Turns:
    """Turns that end after an equal share of the time that is left, by an alarm signal.

    What it interrupts is as after a kill: the next look goes on from there.
    """

    def __init__(self, within_s: float, count: int) -> None:
        self._ends_at, self._left = time.monotonic() + within_s, count

    def each(self, look: Callable[[str], None]) -> Callable[[str], None]:
        """The same function, in the next turn at each call."""

        def in_turn(name: str) -> None:
            turn_s = max(0.1, self._ends_at - time.monotonic()) / max(1, self._left)
            self._left -= 1

            def end(signum: int, frame: FrameType | None) -> None:
                raise _TurnOver

            before = signal.signal(signal.SIGALRM, end)
            signal.setitimer(signal.ITIMER_REAL, turn_s)
            try:
                look(name)
            except _TurnOver:
                raise BadInput(f"{name}: the look took longer than its {turn_s:.0f} s") from None
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)

        return in_turn
