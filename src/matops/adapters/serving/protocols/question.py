"""What a request asks, whatever protocol it came in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction

INSTANCES = "instances"
ON_ERROR = "on_error"
SKIP, FAIL = "skip", "fail"


class NotFound(BadInput):
    """Another model, or another version of it, is asked."""


@dataclass(frozen=True)
class Question:
    """Samples that are asked about, and how the answer is wanted."""

    samples: Sequence[Any]  # payloads
    are_texts: bool  # whether they are JSON text still
    skips: bool = False  # whether a bad sample is told of beside the answers to the others
    request_id: str = ""
    # names of the outputs that are wanted, and whether in binary form; none for all
    outputs: dict[str, bool] = field(default_factory=dict)
    is_binary: bool = False  # the form of outputs that are not named


@dataclass(frozen=True)
class Skipped:
    """A sample that is no valid one, beside others that are."""

    reason: str


Row = Prediction | Skipped
"""What becomes of one sample of a request that is answered."""


def wants_skipping(choice: Any) -> bool:
    """Whether bad samples are skipped, by what a request says of it.

    Raises:
        BadInput: it is neither ``fail``, which is the default, nor ``skip``.
    """
    if choice not in (None, FAIL, SKIP):
        raise BadInput(f"{ON_ERROR!r} is {FAIL!r} or {SKIP!r}")
    return bool(choice == SKIP)


def check_number(samples: Sequence[Any], most: int) -> None:
    """Refuse a request without samples, or with too many.

    Raises:
        BadInput: as above.
    """
    if not samples:
        raise BadInput(f"the request needs a list {INSTANCES!r} with at least one sample")
    if len(samples) > most:
        raise BadInput(f"the request has {len(samples)} samples; at most {most} are accepted")
