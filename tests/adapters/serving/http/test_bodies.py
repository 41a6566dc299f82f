"""JSON of strangers: read, or refused in one line at a bounded cost."""

import pytest

from matops.adapters.serving.http.bodies import read_json
from matops.adapters.serving.limits import Limits
from matops.core.errors import BadInput


def test_brackets_up_to_the_limit_are_read() -> None:
    assert read_json(b'{"a": [[1, "[[[["]]}', 3, "the body") == {"a": [[1, "[[[["]]}
    with pytest.raises(BadInput, match="the body has more than 2 levels"):
        read_json(b'{"a": [[1]]}', 2, "the body")


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 10**6])
def test_what_is_no_json_is_one_line(text: bytes) -> None:
    with pytest.raises(BadInput, match="the body is not JSON") as caught:
        read_json(text, 32, "the body")
    assert "\n" not in str(caught.value)


def test_a_limit_below_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="samples"):
        Limits(samples=0)
    assert Limits(settle_seconds=0.0).settle_seconds == 0
