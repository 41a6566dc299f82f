"""Atomic writes: a file or directory appears whole or not at all, whatever stops its writer."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished"
LOCK = f".lock{UNFINISHED}"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path at which to make a file or directory that replaces ``path`` at the end of the block.

    A block that raises, or leaves nothing at its path, changes nothing; a directory that is there
    already is kept. What a killed writer left beside ``path`` goes first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    with _unique_name(path) as unfinished:
        try:
            yield unfinished
            if unfinished.exists():
                _rename(unfinished, path)
        finally:
            _remove(unfinished)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    with atomic(path) as unfinished:
        unfinished.write_bytes(content)


def remove_abandoned(directory: Path) -> None:
    """Remove what killed writers left in a directory; the kernel has released their locks."""
    for lock in directory.glob(f".*{LOCK}"):
        try:
            with lock.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(_content_of(lock))
                lock.unlink(missing_ok=True)
        except (FileNotFoundError, BlockingIOError):  # its writer has just ended, or still writes
            continue


@contextmanager
def _unique_name(path: Path) -> Iterator[Path]:
    """A name beside ``path`` that is this writer's for as long as it lives."""
    while True:
        lock = path.with_name(f".{path.name}.{secrets.token_hex(4)}{LOCK}")
        with lock.open("x") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not os.fstat(file.fileno()).st_nlink:
                continue  # it was taken for abandoned before it was locked
            try:
                yield _content_of(lock)
            finally:
                lock.unlink(missing_ok=True)
            return


def _content_of(lock: Path) -> Path:
    return lock.with_name(lock.name.removesuffix(LOCK) + UNFINISHED)


def _rename(unfinished: Path, path: Path) -> None:
    """Rename once the content is on disk: a power cut must not leave the name without it."""
    inside = unfinished.rglob("*") if unfinished.is_dir() else ()
    for each in (*inside, unfinished):
        _sync(each)
    try:
        unfinished.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
