"""How long work is told: the one type that everything from simulators to pods hands on."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and a few words on the present state."""
