"""A directory into which others put files."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from matops.core.errors import BadInput
from matops.simulators.output.manifest_table import NAMES as MANIFESTS
from matops.steps.data.deposits import TOP, Deposit, Listed, deposits_of, is_hidden
from matops.steps.data.file_names import shown

DEEPEST = 16
"""Folders within folders that are looked into."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
"""Who opened a named pipe to wait would wait in it for ever."""


class DropFolder:
    """A directory; no symbolic link in it is followed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def look(self) -> Iterator[Deposit]:
        """What lies there now, by size and time of change; BadInput without a directory."""
        if not self.directory.is_dir():
            raise BadInput(f"{self.directory}: no such directory")
        try:
            names = sorted(os.listdir(self.directory))
        except OSError as error:
            raise BadInput(f"{self.directory}: {error.strerror or error}") from None
        together = any((self.directory / name).is_file() for name in MANIFESTS)
        if together:
            yield from deposits_of(TOP, self._files(names))
        for name in names:
            if not is_hidden(name) and (self._is_folder(name) or not together):
                yield from deposits_of(name, self._listed(name))

    def fetch(self, deposit: Deposit, directory: Path) -> None:
        """Copy the deposit's files; BadInput where one is gone, changed, or may not be read."""
        for path, stamp in deposit.files.items():
            copy = directory / path
            try:
                copy.parent.mkdir(parents=True, exist_ok=True)
                unchanged = self._copy(path, stamp, copy)
            except OSError as error:
                raise BadInput(f"{self.address(path)}: {error.strerror or error}") from None
            if not unchanged:
                raise BadInput(f"{self.address(path)}: changed while it was fetched")

    def address(self, name: str) -> str:
        """The path."""
        return shown(str(self.directory if name == TOP else self.directory / name))

    def _copy(self, path: str, stamp: str, copy: Path) -> bool:
        """Copy a file through folders that are no links; whether it is what the stamp says."""
        with ExitStack() as opened:
            folder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
            opened.callback(os.close, folder)
            *folders, name = path.split("/")
            for part in folders:
                folder = os.open(part, FOLDER, dir_fd=folder)
                opened.callback(os.close, folder)
            source = opened.enter_context(open(os.open(name, FILE, dir_fd=folder), "rb"))
            before = _listed(os.fstat(source.fileno()))
            if before.problem or before.stamp != stamp:
                return False
            # Two names that are one where the copy lies must not overwrite each other.
            shutil.copyfileobj(source, opened.enter_context(copy.open("xb")))
            return _listed(os.fstat(source.fileno())) == before

    def _is_folder(self, name: str) -> bool:
        path = self.directory / name
        return path.is_dir() and not path.is_symlink()

    def _files(self, names: list[str]) -> Iterator[tuple[str, Listed]]:
        return (item for name in names if not self._is_folder(name) for item in self._listed(name))

    def _listed(self, path: str, depth: int = 0) -> Iterator[tuple[str, Listed]]:
        """A file, or all that lies in a folder, each with what is to be said of it."""
        try:
            state = os.lstat(self.directory / path)
            if not stat.S_ISDIR(state.st_mode):
                yield path, _listed(state)
                return
            names = sorted(os.listdir(self.directory / path)) if depth < DEEPEST else None
        except FileNotFoundError:  # moved on since it was listed
            return
        except OSError as error:
            yield path, Listed("", problem=error.strerror or str(error))
            return
        if names is None:
            yield path, Listed("", problem=f"lies deeper than {DEEPEST} folders")
            return
        for name in names:
            if not is_hidden(name):
                yield from self._listed(f"{path}/{name}", depth + 1)


KINDS = (
    (stat.S_ISLNK, "a symbolic link, which is not followed: put the file itself there"),
    (stat.S_ISFIFO, "a named pipe, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
)


def _listed(state: os.stat_result) -> Listed:
    problem = next((reason for is_kind, reason in KINDS if is_kind(state.st_mode)), "")
    return Listed(f"{state.st_size} {state.st_mtime_ns}", state.st_size, problem)
