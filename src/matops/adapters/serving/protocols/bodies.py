"""JSON that strangers send, read at a bounded cost."""

import re
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
        BadInput: not JSON, nested deeper, or with more lists and objects than any sample has.
    """
    text = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if text.count(b"[") + text.count(b"{") > MOST_LISTS:
        raise BadInput(f"{what} has more than {MOST_LISTS:,} lists and objects")
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{what} is not JSON: {str(error).splitlines()[0]}") from None
    if depth_of(text) > nesting:
        raise BadInput(f"{what} has more than {nesting} levels of brackets")
    return content


def depth_of(text: bytes) -> int:
    """Levels of brackets in a valid JSON text: neither by recursion nor node by node."""
    steps = _TEXT.sub(b"", text).translate(_STEPS, _OTHERS)
    return int(np.frombuffer(steps, np.int8).cumsum(dtype=np.int64).max(initial=0))
