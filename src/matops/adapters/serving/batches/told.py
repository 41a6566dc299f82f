"""What the process that listens and one that computes tell each other."""

from dataclasses import dataclass, field

from matops.adapters.serving.protocols.asked import Answer, Asked
from matops.physics.arrays import IntArray

SMALL_BODY_BYTES = 64 * 1024
"""What is larger takes longer to read than others should wait."""


@dataclass(frozen=True)
class Warm:
    """What a process says first: whether it can compute."""

    refusal: str = ""  # why it can't, as where the package is damaged


@dataclass(frozen=True)
class Ask:
    """A request, and the number by which its answer is known."""

    number: int
    asked: Asked


@dataclass(frozen=True)
class Drop:
    """Nobody waits for the answer to a request any more."""

    number: int


@dataclass
class Turn:
    """What became of some requests."""

    answers: list[tuple[int, Answer]] = field(default_factory=list)  # by number
    passes: list[int] = field(default_factory=list)  # samples of each pass through the network
    # counts of the samples that were answered, a batch each
    descriptors: list[IntArray] = field(default_factory=list)
