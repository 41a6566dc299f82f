"""Files of lines that are only ever added to, one writer at a time."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 2**16


class AppendOnlyFile:
    """A file open for appending, locked until it is closed, without the line that a kill left torn.

    Opening reads the torn line and no other. With ``wait``, it waits for another writer to close
    the file.

    Raises:
        BlockingIOError: another writer has it open.
    """

    def __init__(self, path: Path, wait: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            self._file.close()
            raise
        # Else the first new line would be glued to the torn one, and both be lost.
        self._file.truncate(self._whole_bytes())

    def close(self) -> None:
        """Close the file, which releases it to other writers."""
        self._file.close()

    def append(self, *lines: bytes) -> None:
        """Write lines and wait until they are on disk."""
        self._file.write(b"".join(line + b"\n" for line in lines))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _whole_bytes(self) -> int:
        """Size up to the end of the last whole line, searched from the end of the file."""
        end = self._file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - BLOCK_BYTES)
            self._file.seek(start)
            newline = self._file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of such a file, one by one, without a torn one; none if it does not exist."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]
