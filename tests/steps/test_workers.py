"""Workers: every call is answered, in this process or in others, and a failure ends the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from matops.steps.workers import run_all


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


def test_nothing_to_do_needs_no_worker() -> None:
    assert list(run_all(square_here, [], 4)) == []


def test_a_failure_is_raised_and_the_rest_is_not_started(tmp_path: Path) -> None:
    calls = [(tmp_path, "bad"), (tmp_path, "bad"), *((tmp_path, str(i)) for i in range(500))]
    with pytest.raises(RuntimeError, match="this one fails"):
        list(run_all(note, calls, 2))
    assert len(list(tmp_path.iterdir())) < 500
