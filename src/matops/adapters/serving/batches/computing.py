"""The processes that compute, from the moment at which they begin to load a predictor."""

from concurrent.futures import wait

from matops.adapters.serving.batches.worker import Load, warm_up
from matops.processes.worker_process import WorkerProcess


class Computing:
    """Processes that warm up at once, while the one that listens is still importing libraries.

    Args:
        load: what each of them loads.
        count: how many there are.
    """

    def __init__(self, load: Load, count: int = 1) -> None:
        self.load = load
        self.processes = [WorkerProcess() for _ in range(count)]
        self._warming = [process.submit(warm_up, load) for process in self.processes]

    def wait_until_warm(self) -> None:
        """Wait until each has answered the golden requests.

        Raises:
            BadInput: the package is damaged.
        """
        wait(self._warming)
        for future in self._warming:
            future.result()

    def close(self) -> None:
        """End them, after what they are at."""
        for process in self.processes:
            process.close()
