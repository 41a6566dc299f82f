"""The quarantine: refused records with their reasons, kept so that somebody can mend them."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.data.record import Quarantined
from matops.processes.append_only import whole_lines
from matops.processes.indexed_file import IndexedFile

LONGEST = 2000
"""Characters of an origin or a reason that are kept: a damaged file may put anything into them."""


def read_quarantine(path: Path) -> Iterator[Quarantined]:
    """All refusals of a file, one by one; none if it does not exist."""
    for number, line in enumerate(whole_lines(path), start=1):
        yield from_json(line, Quarantined, f"{path}: line {number}")


def add_to_quarantine(path: Path, refused: Iterable[Quarantined]) -> None:
    """Append the refusals that the file, JSON lines, does not have yet; in the order of origins."""
    lines = {_line(item): None for item in sorted(refused, key=lambda item: item.origin)}
    if not lines:
        return
    with closing(IndexedFile(path, _itself, wait=True)) as file:
        new = [line for line in lines if file.find(line.decode()) is None]
        if new:
            file.append(*new)


def _line(item: Quarantined) -> bytes:
    return to_json(Quarantined(_kept(item.origin), _kept(item.reason)))


def _kept(text: str) -> str:
    """Text that can be written as UTF-8, whatever a file or its name put into it."""
    return text[:LONGEST].encode(errors="backslashreplace").decode()


def _itself(line: bytes) -> tuple[str]:
    return (line.decode(errors="replace"),)
