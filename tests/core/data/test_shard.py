"""Shards together are the whole, and no two overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matops.core.data.shard import WHOLE, Shard
from matops.core.errors import BadInput


@given(items=st.lists(st.integers()), count=st.integers(1, 20))
def test_every_item_is_in_one_shard(items: list[int], count: int) -> None:
    numbered = list(enumerate(items))
    shares = [Shard(index, count).of(numbered) for index in range(count)]
    assert sorted(item for share in shares for item in share) == numbered
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_one_shard_is_the_whole() -> None:
    assert WHOLE.whole
    assert WHOLE.of([3, 1, 2]) == [3, 1, 2]
    assert not Shard(0, 2).whole


@pytest.mark.parametrize(("index", "count"), [(0, 0), (2, 2), (-1, 2), (0, -3)])
def test_what_is_no_share_is_refused(index: int, count: int) -> None:
    with pytest.raises(BadInput, match="shards"):
        Shard(index, count)
