"""Processes that outlive the command that started them, and are never mistaken for others."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from signal import pidfd_send_signal as send_to

PROC = Path("/proc")
BOOT = PROC / "sys/kernel/random/boot_id"
TICK_S = 0.05

# The process writes who it is before it becomes the program, which keeps number and start time.
# So there is no moment at which it runs and nobody could find it.
WRITE_AND_BECOME = (
    f'cat /proc/$$/stat {BOOT} > "$0.unfinished" && mv "$0.unfinished" "$0" && exec "$@"'
)


@dataclass(frozen=True)
class _Identity:
    """What tells a process from any other: its number is used again, its start time is not."""

    pid: int
    start_ticks: str
    boot: str


class DetachedProcess:
    """A process whose identity a file records; beside the file lies the log."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def log(self) -> Path:
        """What the process prints, over all its starts."""
        return self.file.with_suffix(".log")

    def start(
        self,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the program in a session of its own, unless it runs.

        Its variables are those of ``environment``, or of this process.
        """
        if self.is_running:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.unlink(missing_ok=True)
        file = str(self.file.resolve())
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", WRITE_AND_BECOME, file, *command],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self.file.exists() and process.poll() is None:
            time.sleep(TICK_S)

    @property
    def is_running(self) -> bool:
        """Whether the very process that was started still runs."""
        recorded = self._recorded()
        return recorded is not None and _running(recorded.pid) == recorded

    def signal(self, number: Signals) -> None:
        """Send a signal to the process, if it still runs."""
        recorded = self._recorded()
        if recorded is None:
            return
        with suppress(ProcessLookupError):
            # The pidfd stays with this process, so that the check holds until the signal.
            handle = os.pidfd_open(recorded.pid)
            try:
                if _running(recorded.pid) == recorded:
                    send_to(handle, number)
            finally:
                os.close(handle)

    def stop(self, patience_s: float, first: Signals = SIGTERM) -> None:
        """Ask the process to end, and kill it if it has not after a while."""
        self.signal(first)
        deadline = time.monotonic() + patience_s
        while self.is_running and time.monotonic() < deadline:
            time.sleep(TICK_S)
        self.signal(SIGKILL)
        while self.is_running:
            time.sleep(TICK_S)
        self.file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last line of the log; empty where there is none."""
        if not self.log.is_file():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _recorded(self) -> _Identity | None:
        try:
            stat, boot = self.file.read_text().splitlines()
        except (FileNotFoundError, ValueError):
            return None
        return _identity(stat, boot)


def _identity(stat: str, boot: str) -> _Identity:
    """From a line of ``/proc/PID/stat``; its second field, the name, may hold anything."""
    pid = int(stat.split(" ", 1)[0])
    return _Identity(pid, stat.rpartition(")")[2].split()[19], boot)


def _running(pid: int) -> _Identity | None:
    """Identity of the process with this id now; None for none, or for a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state = stat.rpartition(")")[2].split()[0]
    return None if state == "Z" else _identity(stat, BOOT.read_text().strip())
