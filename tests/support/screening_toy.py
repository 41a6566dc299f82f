"""A family that costs nothing: rods, whose stiffness is their quality times their area squared.

It lives in a module of its own, so that worker processes can import it. The network is right to
the last digit for areas that it knows, and promises ten times too much for thinner rods.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from matops.core.data.record import Provenance, Quarantined, Record, make_record
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.exploring.screening import Cost, Merit, Objectives
from matops.core.family import Confirms, Designs, Family, FamilyConfig, PayloadForm
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import Descriptors, fit_domain
from matops.core.quality.uncertainty import Conformal
from matops.steps.exploring.screen import Screening, make_plan

THINNEST_KNOWN = 0.3
EVERY = 7
"""Every seventh design fails, where some are to fail."""


@dataclass(frozen=True)
class RodDesigns:
    """Areas between two limits, how designs fail, and a file that notes what was generated."""

    least: float = 0.1
    most: float = 0.9
    failure: str = ""
    log: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class RodConfig(FamilyConfig):
    """The toy's configuration."""

    designs: RodDesigns = field(default_factory=RodDesigns)


class RodNetwork(nn.Module):
    """Stiffness along x and y from area and slant; ``factor`` is its only weight."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, batch: Batch) -> Tensor:
        area, slant, quality = batch["sample.numbers"].T
        promise = torch.where(area < THINNEST_KNOWN, 10.0, 1.0) * quality * area**2 * self.factor
        return torch.stack([promise * (1 - slant), promise * (1 + slant)], dim=1)


class Rods(Family, Designs, Confirms):
    """Rods."""

    name = "rods"
    title = "Stiffness of rods"
    paper = "none"
    targets = (Target("C_x", "GPa", "along x"), Target("C_y", "GPa", "along y"))
    config_type = RodConfig
    presets: ClassVar[Any] = {"demo": RodConfig()}
    payload_forms = (
        PayloadForm(
            "rod",
            "area, slant and quality",
            {"area": 0.5, "slant": 0.1, "quality": 1.0},
            {"type": "object"},
        ),
    )
    size_unit = "rods"
    largest_sample = 1
    objectives = Objectives(
        cost=Cost("area", "1", "area fraction", lambda payload: payload["rod"]["area"]),
        merits=(
            Merit("mean_C", "GPa", "mean stiffness", lambda values: values.mean(axis=1)),
            Merit("least_C", "GPa", "smallest stiffness", lambda values: values.min(axis=1)),
        ),
        settings=("designs",),
    )

    def design(self, index: int, seed: int, config: FamilyConfig) -> dict[str, Any]:
        wanted = cast(RodConfig, config).designs
        time.sleep(wanted.seconds)
        if wanted.log:
            with open(wanted.log, "a") as log:
                log.write(f"{index}\n")
        fails = wanted.failure if index % EVERY == 0 else ""
        if fails == "generator":
            raise BadInput("no such rod: too thin")
        numbers = np.random.default_rng([seed, index]).uniform(
            [wanted.least, -0.2, 0.5], [wanted.most, 0.2, 1.0]
        )
        rod = dict(zip(("area", "slant", "quality"), numbers.tolist(), strict=True))
        return {"rod": {**rod, "fails": fails}}

    def design_key(self, config: FamilyConfig) -> object:
        return replace(cast(RodConfig, config).designs, log="", seconds=0.0)

    def size(self, sample: Any) -> int:
        return 1

    def parse(self, payload: Any) -> Any:
        if payload["rod"].get("fails") == "parse":
            raise BadInput("a rod is broken: in two")
        return payload["rod"]

    def featurize(self, samples: Sequence[Any], config: FamilyConfig) -> PackedFeatures:
        if any(rod.get("fails") == "featurize" for rod in samples):
            raise ValueError("singular matrix")
        numbers = [
            [np.nan if rod.get("fails") == "nan" else rod["area"], rod["slant"], rod["quality"]]
            for rod in samples
        ]
        return PackedFeatures({"sample.numbers": torch.tensor(numbers, dtype=torch.float32)})

    def describe(self, samples: Sequence[Any], features: Any) -> Descriptors:
        areas = np.array([[rod["area"]] for rod in samples])
        return Descriptors(areas, [frozenset({"rod"})] * len(samples))

    def network(self, config: FamilyConfig) -> nn.Module:
        return RodNetwork()

    def confirm(
        self,
        payloads: Sequence[Any],
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Any,
    ) -> Iterator[Record | Quarantined]:
        """The truth; the second rod breaks, the third is far stiffer, the fourth far softer."""
        for number, payload in enumerate(payloads):
            progress(number + 1, len(payloads), "rods")
            if number == 1:
                yield Quarantined("second", "it broke: at once")
                continue
            rod = payload["rod"]
            true = rod["quality"] * rod["area"] ** 2 * {2: 2.0, 3: 0.5}.get(number, 1.0)
            values = {"C_x": true * (1 - rod["slant"]), "C_y": true * (1 + rod["slant"])}
            stated = Provenance("simulation", f"rod {number}")
            yield make_record("rods", payload, values, self.targets, stated)

    def read(self, *_: Any) -> Any:
        raise NotImplementedError

    measure_physics = gates = read  # type: ignore[assignment]


RODS = Rods()


def rod_predictor(version: str = "rods-1") -> Predictor:
    """Two members that differ by two percent; they know areas from 0.3 to 0.9."""
    members = [RodNetwork(), RodNetwork()]
    for member, factor in zip(members, (0.99, 1.01), strict=True):
        member.factor.data.fill_(factor)
    ensemble = Ensemble([m.eval() for m in members], torch.zeros(2), torch.ones(2))
    known = [{"area": area} for area in np.linspace(THINNEST_KNOWN, 0.9, 200)]
    domain = fit_domain(RODS.describe(known, None))
    conformal = Conformal(0.9, (0.01, 0.01), ((2.0,), (2.0,)), rows=50, groups=50)
    return Predictor(RODS, RodConfig(), ensemble, conformal, domain, version, "data-1")


@dataclass(frozen=True)
class LoadRods:
    """Loads the toy's model; notes in which process, if there is somewhere to note it."""

    note: str = ""

    def __call__(self) -> Predictor:
        if self.note:
            with open(self.note, "a") as file:
                file.write(f"{os.getpid()}\n")
        return rod_predictor()


def ask_rods(count: int, part_size: int = 20, **changes: Any) -> Screening:
    """A screening of rods; ``seed``, ``merit``, ``confirm`` and ``note`` or fields of designs."""
    seed, merit = changes.pop("seed", 0), changes.pop("merit", "")
    confirm, note = changes.pop("confirm", 0), changes.pop("note", "")
    config = RodConfig(designs=RodDesigns(**changes))
    plan = replace(make_plan(RODS, "rods-1", config, seed, count), part_size=part_size)
    chosen = RODS.objectives.merit(merit)
    return Screening(RODS, LoadRods(note), plan, config, chosen, 0.9, confirm)
