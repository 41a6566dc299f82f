"""Every family's network learns in two processes what it learns in one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from matops.families import family_names
from tests.support.rank_process import together
from tests.support.rank_training import answers_of


@pytest.mark.slow
@pytest.mark.parametrize("name", family_names())
def test_two_processes_learn_what_one_does(name: str, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    alone = answers_of(name)
    torch.set_num_threads(threads)
    shared = together(partial(answers_of, name), tmp_path)
    for found in shared:
        torch.testing.assert_close(found["losses"], alone["losses"], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(found["answers"], alone["answers"], rtol=1e-2, atol=1e-3)
    assert alone["losses"][1] != alone["losses"][0]
