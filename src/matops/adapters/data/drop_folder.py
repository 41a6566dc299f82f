"""A directory into which others put files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matops.core.errors import BadInput
from matops.steps.data.deposits import TOP, Deposit, group_deposits


class DropFolder:
    """A directory; files are read where they lie."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def look(self) -> list[Deposit]:
        """What lies there now, by size and time of change; BadInput without a directory."""
        if not self.directory.is_dir():
            raise BadInput(f"{self.directory}: no such directory")
        return group_deposits(dict(self._stamps()))

    @contextmanager
    def fetched(self, deposit: Deposit) -> Iterator[Path]:
        """The directory itself; BadInput where a file is gone, or may not be read."""
        try:
            yield self.directory
        except OSError as error:
            raise BadInput(f"{self.address(deposit.name)}: {error.strerror or error}") from None

    def unchanged(self, deposit: Deposit) -> bool:
        """Whether its files still have the same sizes and times."""
        try:
            return all(_stamp(self.directory / name) == old for name, old in deposit.files.items())
        except FileNotFoundError:
            return False

    def address(self, name: str) -> str:
        """The path."""
        return str(self.directory if name == TOP else self.directory / name)

    def _stamps(self) -> Iterator[tuple[str, str]]:
        for where, _, names in os.walk(self.directory):
            for name in names:
                path = Path(where, name)
                try:
                    # Who opened a named pipe would wait in it for ever.
                    if path.is_file():
                        yield path.relative_to(self.directory).as_posix(), _stamp(path)
                except FileNotFoundError:  # moved on since it was listed
                    continue


def _stamp(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"
