"""A search in a process of its own, which may be killed while it trains."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from matops.adapters.storage.trial_store import TrialJournal
from matops.families import get_family
from matops.steps.exploring.tuning import trial
from matops.steps.exploring.tuning.trials import TrialWork
from matops.steps.exploring.tuning.tune import run_trials


def work_at(directory: Path, worker: str = "") -> TrialWork:
    store = TrialJournal(directory / "trials.journal")
    return TrialWork(get_family("elastic_cgcnn"), directory, store, worker)


def run_and_die(directory: Path, looks: int) -> None:
    """Run trials, and end as by a power cut at a look at a network under training."""
    left, look = [looks], trial._Look.__call__

    def dying(self: Any, share: float, network: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        look(self, share, network)

    trial._Look.__call__ = dying  # type: ignore[method-assign]
    run_trials(work_at(directory), 1, lambda *_: None)


def run_beside(directory: Path, worker: str) -> None:
    """Run trials beside others."""
    run_trials(work_at(directory, worker), 1, lambda *_: None)
