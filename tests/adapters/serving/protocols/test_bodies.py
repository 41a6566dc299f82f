"""JSON of strangers: read, or refused in one line at a bounded cost."""

import pytest

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.bodies import read_json
from matops.core.errors import BadInput


def test_brackets_up_to_the_limit_are_read() -> None:
    assert read_json(b'{"a": [[1, "[[[["]]}', 3, "the body") == {"a": [[1, "[[[["]]}
    with pytest.raises(BadInput, match="the body has more than 2 levels"):
        read_json(b'{"a": [[1]]}', 2, "the body")


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 10**5])
def test_what_is_no_json_is_one_line(text: bytes) -> None:
    with pytest.raises(BadInput, match="the body is not JSON") as caught:
        read_json(text, 32, "the body")
    assert "\n" not in str(caught.value)


def test_lists_without_number_are_refused_and_numbers_are_not() -> None:
    with pytest.raises(BadInput, match="more than 250,000 lists"):
        read_json(b"[" + b"[]," * 300_000 + b"[]]", 32, "the body")
    assert len(read_json(b"[" + b"1," * 300_000 + b"1]", 32, "the body")) == 300_001


@pytest.mark.parametrize(
    ("text", "depth"),
    [(b"1", 0), (b"{}", 1), (b'["]]\\\\", {"[": [[]]}]', 4), (b'["\\"[[", "[[[["]', 1)],
)
def test_brackets_in_texts_are_no_levels(text: bytes, depth: int) -> None:
    read_json(text, max(depth, 1), "the body")
    if depth:
        with pytest.raises(BadInput, match=f"more than {depth - 1} levels"):
            read_json(text, depth - 1, "the body")


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "b": {"a": 1}, "a": 2}',
        b'[{"x": {"k": 1, "k": {}}}]',
        b'{"a": {"b": 1, "c": 2}, "a": 3}',
        b'{"\\u0061": 1, "a": 2}',
    ],
)
def test_a_key_that_stands_twice_is_refused(text: bytes) -> None:
    with pytest.raises(BadInput, match="the body has a key that stands twice in one object"):
        read_json(text, 32, "the body")


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 2}]}',
        b'{"a:b": ":", "\\":": "::", "d": 123456789012345678901234567890}',
        b'{"": "", "a": "\\u0000\\ud83d\\ude00", "\xc3\xa9:": null}',
    ],
)
def test_keys_of_other_objects_and_colons_in_texts_are_no_repeats(text: bytes) -> None:
    assert isinstance(read_json(text, 32, "the body"), dict)


def test_a_limit_below_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="samples"):
        Limits(samples=0)
    assert Limits(settle_seconds=0.0).settle_seconds == 0
