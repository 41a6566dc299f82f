"""JSON that strangers send, read at a bounded cost."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson

from matops.core.errors import BadInput

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEPS = bytes(
    {b"[": 1, b"{": 1, b"]": 255, b"}": 255}.get(bytes([code]), 0) for code in range(256)
)
"""One level down or up; 255 is -1 as a signed byte."""
_OTHERS = bytes(code for code in range(256) if not _STEPS[code])


MOST_LISTS = 250_000
"""Lists and objects in one text: of numbers there may be more, which cost a tenth as much."""


def read_json(text: bytes | str, nesting: int, what: str) -> Any:
    """Content of a JSON text; ``NaN`` and infinity are none of JSON's numbers.

    ``nesting`` levels of brackets are accepted; ``what`` is the text's name in a refusal.

    Raises:
        BadInput: not JSON, nested deeper, with more lists and objects than any sample has, or with
            an object in which a key stands twice: which of the two is meant, nobody knows.
    """
    text = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if text.count(b"[") + text.count(b"{") > MOST_LISTS:
        raise BadInput(f"{what} has more than {MOST_LISTS:,} lists and objects")
    try:
        with _without_collections():
            content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{what} is not JSON: {str(error).splitlines()[0]}") from None
    bare = _TEXT.sub(b"", text)
    if _depth(bare) > nesting:
        raise BadInput(f"{what} has more than {nesting} levels of brackets")
    # The reader keeps the last of several values of a key: fewer colons are left of them.
    colons = bare.count(b":")
    if colons > 1 and colons != _TEXT.sub(b"", orjson.dumps(content)).count(b":"):
        raise BadInput(f"{what} has a key that stands twice in one object")
    return content


@contextmanager
def _without_collections() -> Iterator[None]:
    """JSON has no circles: to look for some among all its new lists would take as long again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _depth(bare: bytes) -> int:
    """Levels of brackets in valid JSON without its texts: neither by recursion nor node by node."""
    steps = bare.translate(_STEPS, _OTHERS)
    return int(np.frombuffer(steps, np.int8).cumsum(dtype=np.int64).max(initial=0))
