"""What a server takes on: configuration, published in its metadata."""

from dataclasses import asdict, dataclass, replace

from matops.core.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """Bounds of what one request, and all of them together, may cost."""

    body_bytes: int = 8 * 2**20  # of a request; a larger one is refused before it is read
    buffered_bytes: int = 64 * 2**20  # of all requests that are being read or answered
    header_bytes: int = 64 * 2**10  # of a request's first line and headers
    samples: int = 256  # of a request
    # in the family's ``size_unit``; None for what the family accepts
    sample_size: int | None = None
    # of all samples of a request, in the same unit; None for four of the largest
    request_size: int | None = None
    nesting: int = 32  # levels of brackets in JSON
    reading_seconds: float = 2.0  # to make samples of a request's payloads
    # to read a request's headers, then its body, again to answer it, and again to write the answer
    seconds: float = 20.0
    waiting_requests: int = 1024  # that are not answered yet; more are told to come again
    pass_samples: int = 32  # in one pass through the network
    # how long a server that is told to end goes on as before, but not ready, so that what splits
    # the traffic can turn away from it
    settle_seconds: float = 2.0
    finish_seconds: float = 25.0  # how long after that it finishes the requests it has accepted

    def __post_init__(self) -> None:
        # A server may be told to end without any delay.
        may_be_zero = ("settle_seconds",)
        for name, value in asdict(self).items():
            if value is not None and (value < 0 or (value == 0 and name not in may_be_zero)):
                raise BadInput(f"the limit {name} = {value:g} is too small")

    def of(self, largest_sample: int) -> "Limits":
        """The same for a family, whose own limit stands in for those that are not given."""
        size = self.sample_size or largest_sample
        return replace(self, sample_size=size, request_size=self.request_size or 4 * size)
