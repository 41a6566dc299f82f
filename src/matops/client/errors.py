"""What a client raises: one line that names the server and the reason."""

from matops.core.errors import BadInput


class Refused(BadInput):
    """The server has read the request and will not answer it; asking again changes nothing."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        super().__init__(f"{url}: {status}: {reason}")
        self.status = status  # HTTP status


class NoAnswer(BadInput):
    """No server answered in time, or what did is no model server."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
