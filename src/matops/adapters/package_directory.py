"""Released packages in a directory: ``<family>/<version>/`` and a file that names the champion."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from matops.artifacts.decisions import add_decision, read_decisions
from matops.artifacts.jsonfile import read_json, write_json
from matops.artifacts.package import CARD, read_card
from matops.core.decision import Decision
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.retraining import Attempt

CHAMPION, ATTEMPT, DECISIONS = "champion.json", "attempt.json", "decisions.jsonl"


@dataclass(frozen=True)
class Champion:
    """Which version is released now, and which was before."""

    version: str
    previous: str


class PackageDirectory:
    """Packages of all families, kept for good under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def champion(self, family: Family) -> Path | None:
        """Directory of the released package, or None while there is none.

        Raises:
            BadInput: the champion's directory is gone.
        """
        pointer = self.root / family.name / CHAMPION
        if not pointer.is_file():
            return None
        directory = pointer.parent / read_json(pointer, Champion).version
        if not directory.is_dir():
            raise BadInput(f"{pointer}: names {directory.name}, which is not there")
        return directory

    def keep(self, family: Family, package: Path) -> Path:
        """Keep a package; doing it twice changes nothing."""
        version = read_card(package).version
        kept = self.root / family.name / version
        if not kept.is_dir():
            unfinished = kept.with_name(f".{version}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(package, unfinished)
            unfinished.rename(kept)
        return kept

    def kept(self, family: Family, version: str) -> Path:
        """Directory of a package that is kept.

        Raises:
            BadInput: it is not here.
        """
        directory = self.root / family.name / version
        if not (directory / CARD).is_file():
            raise BadInput(f"{directory}: no such package in this workspace")
        return directory

    def publish(self, family: Family, package: Path) -> Path:
        """Keep a package and make it the champion; doing it twice changes nothing."""
        kept, before = self.keep(family, package), self.champion(family)
        if before is None or before.name != kept.name:
            pointer = Champion(kept.name, before.name if before else "")
            write_json(self.root / family.name / CHAMPION, pointer)
        return kept

    def released(self, family: Family) -> list[Path]:
        """Directories of all packages, in the order in which they were made."""
        cards = (self.root / family.name).glob(f"[!.]*/{CARD}")
        return sorted((card.parent for card in cards), key=lambda kept: read_card(kept).created)

    def last_attempt(self, family: Family) -> Attempt | None:
        """The last attempt to retrain, or None while there was none."""
        path = self.root / family.name / ATTEMPT
        return read_json(path, Attempt) if path.is_file() else None

    def note_attempt(self, family: Family, attempt: Attempt) -> None:
        """Remember an attempt in place of the one before."""
        path = self.root / family.name / ATTEMPT
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, attempt)

    def decisions(self, family: Family) -> list[Decision]:
        """All decisions on releases, the oldest first."""
        return read_decisions(self.root / family.name / DECISIONS)

    def note_decision(self, family: Family, decision: Decision) -> None:
        """Add a decision, with its evidence, to all before."""
        add_decision(self.root / family.name / DECISIONS, decision)
