"""SQLite files that can be made again from what they index."""

import sqlite3
from pathlib import Path


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """The database in a file, with its tables; a file that is no database is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path, schema)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        path.unlink()
        return _connect(path, schema)


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60.0)
    try:
        database.executescript(schema)
    except sqlite3.Error:
        database.close()
        raise
    return database
