"""Bytes of requests in memory: one budget, whatever protocol they come by."""

from matops.adapters.serving.limits import Limits

LARGE_SHARE = 64
"""Of the budget; a larger request leaves a quarter to the others."""


class Full(Exception):
    """There is no room for a request now; the same one may have it later."""


class Budget:
    """How many bytes are held."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.buffered_bytes
        self._held = 0

    def set_aside(self, size: int) -> None:
        """Take room away for good, but never more than half of it."""
        self._most -= min(size, self._most // 2)

    def hold(self, more: int, already: int = 0) -> None:
        """Make room for more bytes of a request that holds some already.

        Raises:
            Full: there is none.
        """
        is_large = already + more > self._most // LARGE_SHARE
        room = self._most - self._most // 4 if is_large else self._most
        if self._held + more > room:
            raise Full("too many large requests at once")
        self._held += more

    def release(self, held: int) -> None:
        """Give room back."""
        self._held -= held
