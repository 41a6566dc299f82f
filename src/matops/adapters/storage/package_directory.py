"""Released packages in a directory: ``<family>/<version>/`` and a file that names the champion."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matops.artifacts.jsonfile import read_json, write_json
from matops.artifacts.model.card_file import CARD
from matops.artifacts.model.decisions import add_decision, find_end, last_time, read_decisions
from matops.artifacts.model.package import read_card
from matops.artifacts.model.signature import Trust, verify
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.retraining import Attempt
from matops.core.release.decision import Decision
from matops.processes.atomic import atomic

if TYPE_CHECKING:
    from matops.adapters.storage.package_bucket import PackageBucket

CHAMPION, ATTEMPT, DECISIONS = "champion.json", "attempt.json", "decisions.jsonl"


@dataclass(frozen=True)
class Champion:
    """Which version is released now, and which was before."""

    version: str
    previous: str


class PackageDirectory:
    """Packages of all families, kept for good under one root.

    Args:
        root: the directory.
        bucket: gets a copy of each package before anybody is told of it, and stands in for what
            the directory lacks; None for a directory that servers read themselves.
        trust: whose packages are kept; None for anybody's.
    """

    def __init__(
        self, root: Path, bucket: "PackageBucket | None" = None, trust: Trust | None = None
    ) -> None:
        self.root, self.bucket, self.trust = root, bucket, trust

    def champion(self, family: Family) -> Path | None:
        """Directory of the released package, or None while there is none.

        Raises:
            BadInput: the champion's directory is gone.
        """
        pointer = self.root / family.name / CHAMPION
        if not pointer.is_file():
            return None
        version = read_json(pointer, Champion).version
        directory = self.find(family, version)
        if directory is None:
            raise BadInput(f"{pointer}: names {version}, which is not there")
        return directory

    def keep(self, family: Family, package: Path) -> Path:
        """Keep a package; doing it twice changes nothing.

        Raises:
            BadInput: the package is not to be trusted, or the bucket has another one under this
                version, or can't be written.
        """
        version = read_card(package).version
        kept = self.root / family.name / version
        if self.trust:
            verify(package, self.trust)
        if self.bucket:
            self.bucket.put(kept if kept.is_dir() else package, f"{family.name}/{version}")
        if not kept.is_dir():
            with atomic(kept) as unfinished:
                shutil.copytree(package, unfinished)
        return kept

    def kept(self, family: Family, version: str) -> Path:
        """Directory of a package that is kept.

        Raises:
            BadInput: it is not here.
        """
        directory = self.find(family, version)
        if directory is None:
            place = self.root / family.name / version
            raise BadInput(f"{place}: no such package in this workspace")
        return directory

    def find(self, family: Family, version: str) -> Path | None:
        """Directory of a package, fetched where only the bucket has it; None if neither has.

        Raises:
            BadInput: the bucket's copy is damaged, or can't be had.
        """
        directory = self.root / family.name / version
        if (directory / CARD).is_file():
            return directory
        return directory if self.bucket and self._fetch(self.bucket, directory) else None

    def _fetch(self, bucket: "PackageBucket", directory: Path) -> bool:
        """Copy a package from the bucket; it appears whole or not at all."""
        with atomic(directory) as unfinished:
            return bucket.fetch(f"{directory.parent.name}/{directory.name}", unfinished)

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
        write_json(path, attempt)

    def decisions(self, family: Family) -> list[Decision]:
        """All decisions on releases, the oldest first."""
        return read_decisions(self.root / family.name / DECISIONS)

    def last_look(self, family: Family) -> str:
        """ISO time, UTC, of the last decision on a release; empty while there was none."""
        return last_time(self.root / family.name / DECISIONS)

    def last_end(self, family: Family, version: str) -> Decision | None:
        """The decision that ended the last release of a version; None while there is none."""
        return find_end(self.root / family.name / DECISIONS, version)

    def note_decision(self, family: Family, decision: Decision) -> None:
        """Add a decision, with its evidence, to all before."""
        add_decision(self.root / family.name / DECISIONS, decision)
