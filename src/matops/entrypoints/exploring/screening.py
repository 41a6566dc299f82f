"""Screenings with the workspace joined on: in one piece, or in shards on many machines."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.configuration import change_fields
from matops.artifacts.model.package import read_config
from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.quality.card import Card
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
class ScreeningRequest:
    """A screening in the words of a user."""

    family: str
    package: str  # directory or version of the model package; empty for the family's champion
    count: int  # designs in all
    seed: int  # of the designs
    merit: str  # what to have most of; empty for the family's first merit
    confirm: int  # number of designs to simulate
    changes: Mapping[str, Any]  # of the package's configuration, as far as it says the designs

    def screening(self) -> Screening:
        """The screening; BadInput where there is no such family, package, merit or field."""
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


def screening_directory(screening: Screening) -> Path:
    """Where the workspace keeps a screening."""
    plan = screening.plan
    kept = read_settings().kept / "screenings" / plan.family
    return kept / f"{plan.model_version}-{plan.seed}"


def begin_shards(request: ScreeningRequest, shards: int) -> list[int]:
    """Begin a screening in the workspace, and number its shards; none without parts.

    Raises:
        BadInput: it makes no sense, or the workspace holds another one in its place.
    """
    screening, most = request.screening(), Shard(0, shards).count
    begin_screening(screening, screening_directory(screening))
    return list(range(min(most, len(screening.plan.parts))))


def make_shard(request: ScreeningRequest, shard: Shard, workers: int) -> int:
    """Screen a share of the designs, where it was interrupted too, and return their number."""
    screening, report = request.screening(), log_progress(step_name(shard))
    return screen_shard(screening, screening_directory(screening), shard, workers, report)


def merge_shards(request: ScreeningRequest, workers: int) -> Screened:
    """Find the front of what the shards have made, confirm some of it, and write the result."""
    screening = request.screening()
    return run_screening(screening, screening_directory(screening), workers, log_progress)


def write_merged(screened: Screened, out: Path, page: Path) -> dict[str, int]:
    """Copy the result of a screening to ``out`` and its page to ``page``, and count what it has."""
    result, files = screened.result, screened.files
    out.mkdir(parents=True, exist_ok=True)
    for file in (files.front, files.picture, files.confirmed):
        if file:
            shutil.copy(file, out)
    shutil.copytree(files.designs, out / files.designs.name, dirs_exist_ok=True)
    shutil.copyfile(files.page, page)
    return {
        "designs": result.plan.count,
        "front": len(result.front),
        "out_of_domain": result.outside,
        "refused": result.refused.total(),
        "confirmed": 0 if screened.confirmed is None else len(screened.confirmed),
    }


def _configuration(family: Family, card: Card, changes: Mapping[str, Any]) -> FamilyConfig:
    """The package's configuration, with changes that concern the designs only."""
    settings = designing(family).objectives.settings
    for path in changes:
        if path.split(".")[0] not in settings:
            sections = ", ".join(settings) or "none"
            raise BadInput(f"--set {path}: not of the designs; their settings are in: {sections}")
    return change_fields(read_config(family, card), changes, "configuration")
