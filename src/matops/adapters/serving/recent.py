"""Samples that clients asked about lately, so that the arms of a release can be compared on them.

Off unless asked for: what clients send may be nobody else's business.
"""

import time
from collections import deque
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import Response

from matops.adapters.release.comparing import RECENT

PAUSE_S = 0.05
"""Between two samples that are kept: under load, keeping costs nothing."""


class RecentRequests:
    """The last samples that were answered, one a request; none for ``most`` = 0."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: deque[bytes] = deque(maxlen=most)
        self._most = most
        self._clock = clock
        self._last_s = -PAUSE_S

    def keep(self, payload: bytes) -> None:
        """Keep a sample of a request that was answered, as JSON; none where it was too large."""
        now_s = self._clock()
        if not self._most or now_s - self._last_s < PAUSE_S:
            return
        self._last_s = now_s
        if payload:
            self._kept.append(payload)

    def routes(self) -> dict[str, str]:
        """Method by path of what is answered beside the protocols."""
        return {RECENT: "GET"} if self._most else {}

    def attach(self, app: FastAPI) -> None:
        """Let the samples be asked for, if any are kept."""
        if self._most:
            app.add_api_route(RECENT, self._tell, methods=["GET"], include_in_schema=False)

    async def _tell(self) -> Response:
        body = b'{"instances": [' + b",".join(self._kept) + b"]}"
        return Response(body, media_type="application/json")
