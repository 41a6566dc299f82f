"""Append-only files whose lines are found by key, however many there are.

The index is a SQLite file beside the lines. It remembers how far it has read them, so that opening
costs what was added since; where it is missing, or of other lines, it is made again.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from matops.processes.append_only import AppendOnlyFile
from matops.processes.database_file import open_database

SUFFIX = ".index"
SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (key BLOB PRIMARY KEY, start INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS read (start INTEGER, stop INTEGER, digest BLOB);
"""
EMPTY = (0, 0, b"")

Keys = Callable[[bytes], Iterable[str]]
"""The keys under which a line is found; none for a line that nobody asks for."""


class IndexedFile(AppendOnlyFile):
    """An append-only file with its index; of several lines with one key the last is found.

    Raises:
        BlockingIOError: another writer has it open.
    """

    def __init__(self, path: Path, keys: Keys, wait: bool = False) -> None:
        super().__init__(path, wait)
        self._keys = keys
        try:
            self._index = open_database(path.with_name(path.name + SUFFIX), SCHEMA)
            self._catch_up()
        except BaseException:
            super().close()
            raise

    def close(self) -> None:
        """Close the file and its index."""
        self._index.close()
        super().close()

    def append(self, *lines: bytes) -> None:
        """Write lines, wait until they are on disk, and index them."""
        super().append(*lines)
        self._catch_up()

    def find(self, key: str) -> bytes | None:
        """The last line with a key; None if there is none."""
        query = "SELECT start FROM lines WHERE key = ?"
        found = self._index.execute(query, (_digest(key.encode()),)).fetchone()
        if found is None:
            return None
        self._file.seek(found[0])
        return self._file.readline().removesuffix(b"\n")

    def _catch_up(self) -> None:
        """Index what was added since, in one transaction."""
        start, stop, digest = self._index.execute("SELECT * FROM read").fetchone() or EMPTY
        self._file.seek(start)
        line = self._file.read(stop - start)
        is_other = stop > 0 and _digest(line) != digest
        if not is_other and stop == self._file.seek(0, os.SEEK_END):
            return
        with self._index:
            if is_other:
                self._index.execute("DELETE FROM lines")
                start, stop, line = 0, 0, b""
            self._file.seek(stop)
            for line in self._file:
                start, stop = stop, stop + len(line)
                rows = ((_digest(key.encode()), start) for key in self._keys(line[:-1]))
                self._index.executemany("INSERT OR REPLACE INTO lines VALUES (?, ?)", rows)
            self._index.execute("DELETE FROM read")
            self._index.execute("INSERT INTO read VALUES (?, ?, ?)", (start, stop, _digest(line)))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:16]
