"""The same for several families: one that can't be served keeps no other from it."""

from __future__ import annotations

import pytest

from matops.core.errors import BadInput
from matops.entrypoints.each import for_each


def test_what_one_family_lacks_keeps_no_other_from_it() -> None:
    done = []

    def do(family: str) -> None:
        if family != "good":
            raise BadInput(f"{family}: broken")
        done.append(family)

    with pytest.raises(BadInput, match=r"^one: broken; two: broken$"):
        for_each(["one", "good", "two"], do)
    assert done == ["good"]


def test_a_bug_is_no_bad_input() -> None:
    with pytest.raises(ZeroDivisionError):
        for_each(["one", "two"], lambda _: print(1 / 0))
