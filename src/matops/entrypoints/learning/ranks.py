"""Training in several processes that share every batch: starting them, and joining the others.

    torchrun --nproc-per-node 2 -m matops train FAMILY --out DIRECTORY

does it on any number of machines, each with the same directory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed

from matops.adapters.pipelines.torchrun import run_ranks
from matops.artifacts.jsonfile import to_json
from matops.core.errors import BadInput
from matops.core.learning.ranks import Ranks
from matops.core.learning.training import choose_device
from matops.core.progress import Progress
from matops.entrypoints.events import read_events, tell
from matops.entrypoints.settings import environment_of_child

PROCESS = "matops.entrypoints.learning.rank_process"
"""What each process runs."""


@dataclass(frozen=True)
class RankRequest:
    """What each process trains."""

    family: str
    preset: str
    changes: str  # JSON object of changed configuration fields
    prepared: str  # directory of the prepared samples
    out: str  # directory of the model
    init_from: str  # package, or version in the workspace, from which to start; empty for none


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Join those that torchrun started with this process; one that it did not start is alone.

    ``device`` is that of the training: processes talk through NCCL on GPUs, else through Gloo.
    """
    if not distributed.is_torchelastic_launched():
        yield Ranks()
        return
    on_gpu = choose_device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(distributed.get_node_local_rank())
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Ranks.joined()
    finally:
        distributed.destroy_process_group()


def train_on_ranks(request: RankRequest, processes: int, progress: Progress) -> None:
    """Train in several processes on this machine.

    Raises:
        BadInput: what they were asked can't be done.
        TrainingStopped: this process got SIGTERM; they have kept their state.
    """
    reasons, log = list[str](), list[str]()

    def listen(line: str) -> None:
        events = list(read_events(line))
        for event in events:
            if event.kind == "progress":
                progress(event.done, event.total, event.text)
            elif event.kind == "refused":
                reasons.append(event.text)
            else:
                tell(event)
        if not events:
            log.append(line)

    environment = {"OMP_NUM_THREADS": "1", **environment_of_child(MATOPS_EVENTS="1")}
    if run_ranks(PROCESS, to_json(request).decode(), processes, environment, listen):
        if reasons:
            raise BadInput(reasons[0])
        raise RuntimeError("\n".join(["a training process failed", *log]))
