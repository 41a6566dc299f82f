"""What the C library does with memory that is free again."""

import ctypes
import sys

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""Of glibc's malloc.h."""
LARGE_BYTES = 2**20


def give_memory_back() -> None:
    """Give large blocks back to the system at once, and keep the others in few places.

    By default a process that had a hundred messages of 8 MB keeps gigabytes for the next ones: a
    place for each thread, and in each the holes between small blocks. Elsewhere than on Linux with
    glibc nothing is done.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_ARENA_MAX, 2)
