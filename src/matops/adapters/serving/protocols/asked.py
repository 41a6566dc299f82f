"""What the process that listens hands to one that computes, and what it gets back."""

from dataclasses import dataclass, field
from typing import Literal

from matops.core.quality.prediction import Prediction

Protocol = Literal["v1", "v2", "grpc"]
Outcome = Literal["ok", "bad_input", "too_large", "not_found", "overloaded", "error"]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    protocol: Protocol
    body: bytes  # JSON, or a message of gRPC
    json_bytes: int | None = None  # length of the JSON, where binary tensors follow it


@dataclass(frozen=True)
class Answer:
    """What becomes of a request."""

    outcome: Outcome
    body: bytes  # as the protocol has it; of a refusal its reason, one line
    json_bytes: int | None = None  # length of the JSON, where binary tensors follow it
    # what was answered, for those who count it
    predictions: list[Prediction] = field(default_factory=list)
    first_payload: bytes = b""  # as JSON, of a request that was answered; empty where too large

    @property
    def reason(self) -> str:
        """Why it was refused."""
        return self.body.decode(errors="replace")


def refusal(outcome: Outcome, reason: str) -> Answer:
    """An answer of one line."""
    return Answer(outcome, " ".join(reason.split()).encode(errors="replace"))
