"""The quarantine: refused records with their reasons, kept so that somebody can mend them."""

from collections.abc import Iterable
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.data.record import Quarantined


def read_quarantine(path: Path) -> list[Quarantined]:
    """All refusals of a file; none if it does not exist."""
    if not path.is_file():
        return []
    return [from_json(line, Quarantined, str(path)) for line in path.read_bytes().splitlines()]


def add_to_quarantine(path: Path, refused: Iterable[Quarantined]) -> None:
    """Append the refusals that the file, JSON lines, does not have yet."""
    new = set(refused) - set(read_quarantine(path))
    if not new:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        for item in sorted(new, key=lambda item: item.origin):
            file.write(to_json(item) + b"\n")
