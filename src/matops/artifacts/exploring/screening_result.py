"""What a screening found, from its parts read one by one: memory does not grow with the count."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from matops.artifacts.exploring.screening import Plan, read_parts
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.exploring.screening import STAGES, Merit, Objectives, pareto_front

SHOWN = 20_000
"""Designs that are kept for drawing."""


@dataclass(frozen=True)
class ScreeningResult:
    """Front and counts of a screening."""

    plan: Plan
    objectives: Objectives
    merit: Merit  # the one that made the front
    # lines of the table that lie on the front, in the order of rising cost, and the ends of the
    # merit's interval, ``<merit>_lower`` and ``<merit>_upper``
    front: pd.DataFrame
    # index, cost, merit and ``out_of_domain`` of designs for drawing, every ``stride``-th
    cloud: pd.DataFrame
    stride: int
    outside: int  # designs out of domain
    refused: Counter[str]  # designs that failed, by reason
    seconds: dict[str, float]  # by stage, summed over all processes


def collect(
    directory: Path, plan: Plan, objectives: Objectives, merit: Merit, targets: Sequence[Target]
) -> ScreeningResult:
    """Read all parts of a finished screening.

    Designs out of domain are never on the front: what the model says there is no prediction.

    Raises:
        BadInput: every design was refused.
    """
    stride = math.ceil(plan.count / SHOWN)
    shown = ["index", objectives.cost.name, merit.name, "out_of_domain"]
    fronts: list[pd.DataFrame] = []
    cloud, outside = list[pd.DataFrame](), 0
    refused, seconds = Counter[str](), dict.fromkeys(STAGES, 0.0)
    for table, taken in read_parts(directory, plan):
        refused.update(reason.split(":")[0] for reason in table["refused"].dropna())
        good = table[table["refused"].isna()].drop(columns="refused")
        good = good.astype({"out_of_domain": bool})
        outside += int(good["out_of_domain"].sum())
        cloud.append(good.loc[good["index"] % stride == 0, shown])
        inside = pd.concat([*fronts, good[~good["out_of_domain"]]])
        best = pareto_front(inside[objectives.cost.name].to_numpy(), inside[merit.name].to_numpy())
        fronts = [inside.iloc[best]]
        seconds = {stage: seconds[stage] + taken[stage] for stage in STAGES}
    if refused.total() == plan.count:
        raise BadInput(f"every design was refused: {refused.most_common(1)[0][0]}")
    front = fronts[0].reset_index(drop=True)
    for end in ("_lower", "_upper"):
        names = [target.name + end for target in targets]
        front[merit.name + end] = merit.of(front[names].to_numpy())
    return ScreeningResult(
        plan=plan,
        objectives=objectives,
        merit=merit,
        front=front,
        cloud=pd.concat(cloud, ignore_index=True),
        stride=stride,
        outside=outside,
        refused=refused,
        seconds=seconds,
    )
