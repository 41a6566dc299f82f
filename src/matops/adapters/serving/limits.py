"""What a server takes on: configuration, published in its metadata."""

from dataclasses import asdict, dataclass

from matops.core.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """Bounds of what one request, and all of them together, may cost.

    Attributes:
        body_bytes: of a request; a larger one is refused before it is read.
        buffered_bytes: of all requests that are being read or answered.
        samples: of a request.
        sample_size: in the family's ``size_unit``; None for what the family accepts.
        header_bytes: of a request's first line and headers.
        nesting: levels of brackets in JSON.
        reading_seconds: to make samples of a request's payloads.
        seconds: to read a request's headers, then its body, and again to answer it.
        waiting_samples: that wait for their turn; what comes beyond is told to come again.
        pass_samples: in one pass through the network.
        settle_seconds: how long a server that is told to end goes on as before, but not ready, so
            that what splits the traffic can turn away from it.
        finish_seconds: how long after that it finishes the requests it has accepted.
    """

    body_bytes: int = 8 * 2**20
    buffered_bytes: int = 64 * 2**20
    header_bytes: int = 64 * 2**10
    samples: int = 256
    sample_size: int | None = None
    nesting: int = 32
    reading_seconds: float = 2.0
    seconds: float = 20.0
    waiting_samples: int = 1024
    pass_samples: int = 32
    settle_seconds: float = 2.0
    finish_seconds: float = 25.0

    def __post_init__(self) -> None:
        # A server may be told to end without any delay.
        may_be_zero = ("settle_seconds",)
        for name, value in asdict(self).items():
            if value is not None and (value < 0 or (value == 0 and name not in may_be_zero)):
                raise BadInput(f"the limit {name} = {value:g} is too small")
