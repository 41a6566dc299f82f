"""One file as somebody has it, and what reading it must give."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


@dataclass(frozen=True)
class RealFile:
    """A file, and the crystal in it or the line with which it is refused."""

    what: str  # in words, for the table of docs/sources.md
    name: str
    content: str | bytes
    atoms: str = ""  # as in ``Si8``; empty where the file is refused
    volume_A3: float = 0.0
    shortest_A: float = 0.0  # distance of two atoms
    refused: str = ""  # what the line says
    said: str = ""  # what is said aloud though the file is read
    species: Sequence[str] = ()  # as --species gives them

    def write(self, directory: Path) -> Path:
        """The file, packed as its name says."""
        path = directory / self.name
        raw = self.content.encode() if isinstance(self.content, str) else self.content
        path.write_bytes(PACKERS.get(path.suffix, bytes)(raw))
        return path

    @property
    def row(self) -> str:
        """The file's row in docs/sources.md."""
        if self.refused:
            gives = f"refused: {self.refused}"
        else:
            gives = f"{self.atoms}, {self.volume_A3:g} Å³, shortest distance {self.shortest_A:g} Å"
        gives += f"; said: {self.said}" if self.said else ""
        return f"| {self.what} | {gives} |".replace("*", "\\*")
