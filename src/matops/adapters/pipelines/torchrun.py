"""Several processes of one program on this machine that find each other, through torchrun."""

import subprocess
import sys
from collections.abc import Callable, Mapping

from matops.core.learning.checkpoint import TrainingStopped
from matops.steps.learning.stopping import listening_for_stop, told_to_stop


def run_ranks(
    module: str,
    argument: str,
    processes: int,
    environment: Mapping[str, str],
    listen: Callable[[str], None],
) -> int:
    """Run ``python -m module argument`` in several processes, and return torchrun's exit status.

    Their standard input stays open for as long as this process lives: whoever is killed outright
    can't tell its children, but they can see that. ``listen`` gets each line of standard error.

    Raises:
        TrainingStopped: this process got SIGTERM, handed it on, and all processes have ended.
    """
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    running = subprocess.Popen(  # noqa: S603
        [*torchrun, f"--nproc-per-node={processes}", "-m", module, argument],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with running, listening_for_stop(running.terminate):
        assert running.stderr is not None
        for line in running.stderr:
            listen(line.rstrip("\n"))
        status = running.wait()
        if told_to_stop():
            raise TrainingStopped
    return status
