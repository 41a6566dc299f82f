"""Each family has its share of a scheduled job's time."""

from __future__ import annotations

import time

import pytest

from matops.core.errors import BadInput
from matops.entrypoints.each import for_each
from matops.entrypoints.release.turns import Turns


def test_one_that_hangs_keeps_no_other_from_its_turn() -> None:
    looked: list[str] = []

    def look(name: str) -> None:
        try:
            time.sleep(60.0 if name == "hangs" else 0.0)
        except Exception:
            return
        looked.append(name)

    began = time.monotonic()
    with pytest.raises(BadInput, match=r"^hangs: the look took longer than its 1 s$"):
        for_each(["first", "hangs", "last"], Turns(2.0, 3).each(look))
    assert looked == ["first", "last"]
    assert time.monotonic() - began < 10.0


def test_who_is_last_has_all_that_is_left() -> None:
    look = Turns(30.0, 2).each(lambda name: time.sleep(0.0))
    look("first")
    look("second")
    time.sleep(0.2)  # no alarm is left behind
