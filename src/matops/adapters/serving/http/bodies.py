"""JSON that strangers send, read at a bounded cost."""

from typing import Any

import orjson

from matops.core.errors import BadInput


def read_json(text: bytes | str, nesting: int, what: str) -> Any:
    """Content of a JSON text; ``NaN`` and infinity are none of JSON's numbers.

    ``nesting`` levels of brackets are accepted; ``what`` is the text's name in a refusal.

    Raises:
        BadInput: not JSON, or nested deeper.
    """
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{what} is not JSON: {str(error).splitlines()[0]}") from None
    if _deeper_than(content, nesting):
        raise BadInput(f"{what} has more than {nesting} levels of brackets")
    return content


def _deeper_than(content: Any, levels: int) -> bool:
    """Level by level instead of by recursion, which a hostile text could exhaust."""
    level = [content]
    for _ in range(levels):
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                below.extend(node.values())
            elif type(node) is list:
                below.extend(node)
        level = [node for node in below if type(node) in (dict, list)]
        if not level:
            return False
    return True
