"""V1: ``{"instances": [payload, ...]}`` is answered with one prediction an instance."""

from collections.abc import Sequence

import orjson

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Asked
from matops.adapters.serving.protocols.bodies import read_json
from matops.adapters.serving.protocols.question import (
    INSTANCES,
    ON_ERROR,
    Question,
    Row,
    Skipped,
    check_number,
    wants_skipping,
)


def read(asked: Asked, limits: Limits) -> Question:
    """What a body asks.

    Raises:
        BadInput: not JSON that keeps the limits, or not of the protocol's form.
    """
    content = read_json(asked.body, limits.nesting, "the body")
    fields = content if isinstance(content, dict) else {}
    listed = fields.get(INSTANCES)
    samples = listed if isinstance(listed, list) else []
    check_number(samples, limits.samples)
    return Question(samples, False, wants_skipping(fields.get(ON_ERROR)))


def write(rows: Sequence[Row]) -> bytes:
    """The answer; in the place of a sample that was skipped, why."""
    listed = [{"error": row.reason} if isinstance(row, Skipped) else row for row in rows]
    return orjson.dumps({"predictions": listed})
