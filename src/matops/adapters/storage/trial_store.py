"""Where trials of searches are kept: a journal, which is a file, or a database."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@dataclass(frozen=True)
class TrialJournal:
    """A file that is only ever appended to, line by line, by any number of processes.

    Its lock is a link beside it, which works on NFS too. What holds it for half a minute is taken
    for dead.
    """

    path: Path

    def open(self) -> "BaseStorage":
        """The storage; each process has one."""
        return _journal(self.path)


@dataclass(frozen=True)
class TrialDatabase:
    """A database by its URL, as SQLAlchemy writes it."""

    url: str

    def open(self) -> "BaseStorage":
        """The storage; each process has one.

        Raises:
            BadInput: the database can't be reached, or its driver is not installed.
        """
        return _database(self.url)


@cache
def _journal(path: Path) -> "BaseStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        _drop_unfinished_line(path)
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock))


def _drop_unfinished_line(path: Path) -> None:
    """Take away the end of a line that a power cut left, to which the next would be joined."""
    content = path.read_bytes() if path.is_file() else b""
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


@cache
def _database(url: str) -> "BaseStorage":
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    where = "MATOPS_TUNING_STORAGE"
    try:
        where = make_url(url).render_as_string(hide_password=True)
        return RDBStorage(url)
    except (SQLAlchemyError, ImportError) as error:
        raise BadInput(f"{where}: {str(error).splitlines()[0]}") from None
