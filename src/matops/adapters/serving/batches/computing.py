"""The processes that compute, from the moment at which they begin to load a predictor."""

from collections.abc import Callable
from functools import partial

from matops.adapters.serving.batches.told import Warm
from matops.adapters.serving.batches.worker import Load, compute
from matops.adapters.serving.limits import Limits
from matops.core.errors import BadInput
from matops.processes.linked_process import LinkedProcess


class Computing:
    """Processes that warm up at once, while the one that listens is still importing libraries.

    Args:
        load: what each of them loads.
        limits: what a request may cost.
        count: how many there are.
    """

    def __init__(self, load: Load, limits: Limits, count: int = 1) -> None:
        self.start: Callable[[], LinkedProcess] = partial(
            LinkedProcess, partial(compute, load, limits)
        )
        self.processes = [self.start() for _ in range(count)]

    def wait_until_warm(self) -> None:
        """Wait until each has answered the golden requests.

        Raises:
            BadInput: the package is damaged.
            EOFError: a process died instead.
        """
        for process in self.processes:
            warm: Warm = process.connection.recv()
            if warm.refusal:
                raise BadInput(warm.refusal)

    def close(self) -> None:
        """End them, whatever they are at: what was accepted has been answered before."""
        for process in self.processes:
            process.kill()
