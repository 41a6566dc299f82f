"""Numbers as people write them, and what only looks like one."""

from typing import Any

import numpy as np
import pytest

from matops.core.data.value import plain_number
from matops.core.errors import BadInput


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ("133.8", 133.8),
        (" 27 ", 27.0),
        ("-.5", -0.5),
        ("1.5D+02", 150.0),
        (3, 3.0),
        (np.float32(2), 2),
    ],
)
def test_plain_numbers_are_read(content: Any, number: float) -> None:
    assert plain_number(content) == number


@pytest.mark.parametrize(
    "content",
    [
        *("", "true", "1,234", "133,8", "1.234,5", "1_000", "1 000", "nan", "inf", "1e999", "0x10"),
        *(True, np.True_, None, [1.0], float("nan"), float("inf"), 10**400),
    ],
)
def test_what_only_looks_like_a_number_is_refused_in_one_line(content: Any) -> None:
    with pytest.raises(BadInput) as caught:
        plain_number(content)
    assert "\n" not in str(caught.value)
