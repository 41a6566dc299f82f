"""Workers: every call is answered, in this process or in others, and a failure ends the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from matops.processes.workers import run_all


def square_here(number: int) -> tuple[int, int, int]:
    return number**2, os.getpid(), torch.get_num_threads()


def note(directory: Path, name: str) -> None:
    if name == "bad":
        raise RuntimeError("this one fails")
    (directory / name).touch()


def test_one_worker_is_this_process() -> None:
    before = torch.get_num_threads()
    found = list(run_all(square_here, [(n,) for n in range(4)], 1))
    assert [square for square, _, _ in found] == [0, 1, 4, 9]
    assert {process for _, process, _ in found} == {os.getpid()}
    assert {threads for _, _, threads in found} == {1}
    assert torch.get_num_threads() == before


def test_several_workers_are_other_processes_with_one_thread_each() -> None:
    found = list(run_all(square_here, [(n,) for n in range(6)], 2))
    assert sorted(square for square, _, _ in found) == [0, 1, 4, 9, 16, 25]
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {1}


PARENT = """
import os, sys, time
from matops.processes.workers import run_all

def say_and_sleep(number):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    list(run_all(say_and_sleep, [(1,), (2,)], 2))
"""


def alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(alive(worker) for worker in workers)
        parent.kill()
    deadline = time.monotonic() + 30
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_to_do_needs_no_worker() -> None:
    assert list(run_all(square_here, [], 4)) == []


def test_a_failure_is_raised_and_the_rest_is_not_started(tmp_path: Path) -> None:
    calls = [(tmp_path, "bad"), (tmp_path, "bad"), *((tmp_path, str(i)) for i in range(500))]
    with pytest.raises(RuntimeError, match="this one fails"):
        list(run_all(note, calls, 2))
    assert len(list(tmp_path.iterdir())) < 500
