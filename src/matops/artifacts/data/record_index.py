"""Which part has which record: a SQLite file beside the data, made again wherever it is missing.

Parts are immutable, so an entry never goes stale: an index only grows, and whoever asks says which
parts count. Asking for a record takes the same time among a thousand and among a million.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from matops.processes.database_file import open_database

SCHEMA = """
CREATE TABLE IF NOT EXISTS indexed (number INTEGER PRIMARY KEY, part TEXT UNIQUE, rows INTEGER);
CREATE TABLE IF NOT EXISTS held
    (id TEXT, part INTEGER, sample TEXT, PRIMARY KEY (id, part)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS samples ON held (sample);
"""

ReadIds = Callable[[], Iterable[tuple[str, str]]]
"""Reads ids and samples' keys of one part; called only for a part that is not indexed yet."""


class RecordIndex:
    """The index of one family's parts, open for as long as a ``with`` of :func:`open_index`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Wrap an open database that has the schema."""
        self._database = database

    def add(self, parts: Mapping[str, ReadIds]) -> None:
        """Index those parts, named by their content, that are not indexed yet."""
        indexed = {part for (part,) in self._database.execute("SELECT part FROM indexed")}
        for part in parts.keys() - indexed:
            # One transaction a part: a kill leaves a part indexed whole or not at all.
            with self._database:
                ids = sorted(parts[part]())
                insert = "INSERT INTO indexed (part, rows) VALUES (?, ?)"
                number = self._database.execute(insert, (part, len(ids))).lastrowid
                rows = ((identity, number, sample) for identity, sample in ids)
                self._database.executemany("INSERT INTO held VALUES (?, ?, ?)", rows)

    def known(self, ids: Iterable[str], parts: Iterable[str]) -> set[str]:
        """Those ids that one of the parts has."""
        counted = self._numbers(parts)
        query = "SELECT part FROM held WHERE id = ?"
        return {
            identity
            for identity in ids
            if any(number in counted for (number,) in self._database.execute(query, (identity,)))
        }

    def of_samples(self, samples: Iterable[str], parts: Iterable[str]) -> dict[str, list[str]]:
        """Ids of the records of some samples, by the part that has them."""
        names = {number: part for number, part, _ in self._listed(parts)}
        query = "SELECT id, part FROM held WHERE sample = ?"
        found: dict[str, list[str]] = defaultdict(list)
        for sample in samples:
            for identity, number in self._database.execute(query, (sample,)):
                if number in names:
                    found[names[number]].append(identity)
        return found

    def rows(self, parts: Iterable[str]) -> int:
        """Number of records in these parts."""
        return sum(self._numbers(parts).values())

    def _numbers(self, parts: Iterable[str]) -> dict[int, int]:
        """Rows by part number."""
        return {number: rows for number, _, rows in self._listed(parts)}

    def _listed(self, parts: Iterable[str]) -> list[tuple[int, str, int]]:
        names = set(parts)
        listed = self._database.execute("SELECT number, part, rows FROM indexed")
        return [(number, part, rows) for number, part, rows in listed if part in names]


@contextmanager
def open_index(path: Path) -> Iterator[RecordIndex]:
    """The index in a file; a file that is no database is replaced."""
    with closing(open_database(path, SCHEMA)) as database:
        yield RecordIndex(database)
