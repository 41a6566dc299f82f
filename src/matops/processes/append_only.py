"""Files of lines that are only ever added to, one writer at a time."""

import fcntl
import os
from pathlib import Path


class AppendOnlyFile:
    """A file open for appending, locked until it is closed, without the line that a kill left torn.

    With ``wait``, it waits for another writer to close it.

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
        self._file.seek(0)
        # Else the first new line would be glued to the torn one, and both be lost.
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))
        self.lines = whole.splitlines()

    def close(self) -> None:
        """Close the file, which releases it to other writers."""
        self._file.close()

    def append(self, line: bytes) -> None:
        """Write a line and wait until it is on disk."""
        self._file.write(line + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def whole_lines(path: Path) -> list[bytes]:
    """The lines of such a file without a torn one; none if it does not exist."""
    return path.read_bytes().rpartition(b"\n")[0].splitlines() if path.is_file() else []
