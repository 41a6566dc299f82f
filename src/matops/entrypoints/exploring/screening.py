"""Screenings with the workspace joined on: in one piece, or in shards on many machines."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.quality.card import Card
from matops.entrypoints.configuration import resolve_config
from matops.entrypoints.exploring.shards import step_name
from matops.entrypoints.packages import find_package
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import package_store
from matops.families import get_family
from matops.steps.exploring.screen import (
    LoadPackage,
    Screened,
    Screening,
    begin_screening,
    make_plan,
    read_card_of,
    run_screening,
    screen_shard,
)
from matops.steps.exploring.screen_part import designing


@dataclass(frozen=True)
class Wanted:
    """What a screening is asked for.

    Attributes:
        family: whose designs.
        package: directory of the model package that predicts, or its version; empty for the
            family's champion.
        count: designs in all.
        seed: of the designs.
        merit: what to have most of; empty for the family's first merit.
        confirm: number of designs to simulate.
        changes: changed fields of the package's configuration, of the designs only.
    """

    family: str
    package: str
    count: int
    seed: int
    merit: str
    confirm: int
    changes: Mapping[str, Any]

    def screening(self) -> Screening:
        """The screening.

        Raises:
            BadInput: no such family, package or merit, or a change that does not fit.
        """
        family = get_family(self.family)
        package = find_package(self.package, self.family) if self.package else _champion(family)
        package = package or Path(self.package)
        card = read_card_of(family, package)
        config = _configuration(family, card, self.changes)
        return Screening(
            family=family,
            load=LoadPackage(package, card.version),
            plan=make_plan(family, card.version, config, self.seed, self.count),
            config=config,
            merit=designing(family).objectives.merit(self.merit),
            coverage=card.calibration.coverage,
            confirm=self.confirm,
        )


def _champion(family: Family) -> Path:
    champion = package_store(read_settings()).champion(family)
    if champion is None:
        raise BadInput(f"{family.name}: no model is released; name a package that predicts")
    return champion


def screening_directory(asked: Screening) -> Path:
    """Where the workspace keeps a screening."""
    plan = asked.plan
    kept = read_settings().workspace / ".matops" / "screenings" / plan.family
    return kept / f"{plan.model_version}-{plan.seed}"


def begin_shards(wanted: Wanted, shards: int) -> list[int]:
    """Begin a screening in the workspace, and number its shards; none without parts.

    Raises:
        BadInput: it makes no sense, or the workspace holds another one in its place.
    """
    asked, most = wanted.screening(), Shard(0, shards).count
    begin_screening(asked, screening_directory(asked))
    return list(range(min(most, len(asked.plan.parts))))


def make_shard(wanted: Wanted, shard: Shard, workers: int) -> int:
    """Screen a share of the designs; it continues where it was interrupted.

    Returns:
        The number of designs of this shard.
    """
    asked, report = wanted.screening(), log_progress(step_name(shard))
    return screen_shard(asked, screening_directory(asked), shard, workers, report)


def merge_shards(wanted: Wanted, workers: int) -> Screened:
    """Find the front of what the shards have made, confirm some of it, and write the result."""
    asked = wanted.screening()
    return run_screening(asked, screening_directory(asked), workers, log_progress)


def write_merged(done: Screened, out: Path, page: Path) -> dict[str, int]:
    """Copy the result of a screening to ``out`` and its page to ``page``, and count what it has."""
    found, files = done.result, done.files
    out.mkdir(parents=True, exist_ok=True)
    for file in (files.front, files.picture, files.confirmed):
        if file:
            shutil.copy(file, out)
    shutil.copytree(files.designs, out / files.designs.name, dirs_exist_ok=True)
    shutil.copyfile(files.page, page)
    return {
        "designs": found.plan.count,
        "front": len(found.front),
        "out_of_domain": found.outside,
        "refused": found.refused.total(),
        "confirmed": 0 if done.confirmed is None else len(done.confirmed),
    }


def _fields(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The fields of a configuration, by dotted name."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        path = f"{above}{name}"
        found |= _fields(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return found


def _configuration(family: Family, card: Card, changes: Mapping[str, Any]) -> FamilyConfig:
    """The package's configuration, with changes that concern the designs only."""
    settings = designing(family).objectives.settings
    for path in changes:
        if path.split(".")[0] not in settings:
            known = ", ".join(settings) or "none"
            raise BadInput(f"--set {path}: not of the designs; their settings are in: {known}")
    trained = _fields(card.configuration)
    return resolve_config(family, next(iter(family.presets)), {**trained, **changes})
