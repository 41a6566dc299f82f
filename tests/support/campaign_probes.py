"""Stand-ins for simulations; worker processes import them by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def note_and_square(task: Mapping[str, Any]) -> dict[str, Any]:
    """Leave a line in the log of calls, then square a number."""
    with Path(task["log"]).open("a") as log:
        log.write(f"{task['number']}\n")
    time.sleep(task.get("seconds", 0.0))
    return {"square": task["number"] ** 2, "pid": os.getpid()}


def misbehave(task: Mapping[str, Any]) -> dict[str, Any]:
    """Raise, crash or return something unfit for JSON, as told."""
    match task["conduct"]:
        case "raise":
            raise ArithmeticError("no convergence")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "nan":
            return {"energy_eV": float("nan")}
    return {"threads": os.environ["OMP_NUM_THREADS"], "number": task["number"]}
