"""A process that is to end with another does, however that ends, and whoever stands between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

STEP = """
import os, sys, time
from matops.processes.worker_process import end_with
end_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(600)
"""
RUN = """
import os, subprocess, sys
command = f'"{sys.executable}" -c "$0" {os.getpid()}; true'
subprocess.run(["sh", "-c", command, sys.argv[1]])
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells")
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_step_behind_a_shell_ends_with_its_run(by: signal.Signals) -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN, STEP], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    step = int(run.stdout.readline())
    run.send_signal(by)
    end = time.monotonic() + 60.0
    while is_running(step):
        assert time.monotonic() < end
        time.sleep(0.05)
    run.wait()
    run.stdout.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
