"""Confirmation of a screening: the simulation's answer for designs of the front."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from matops.artifacts.exploring.screening import Plan
from matops.artifacts.exploring.screening_result import ScreeningResult
from matops.core.data.record import Payload, Quarantined, Record
from matops.core.data.target import Target, scalars_of
from matops.core.errors import BadInput
from matops.core.exploring.screening import Merit, spread_along
from matops.core.family import Confirms, Designs, Family, FamilyConfig
from matops.core.progress import Progress


def remake(
    designs: Designs, plan: Plan, config: FamilyConfig, rows: pd.DataFrame
) -> dict[int, Payload]:
    """Payloads of some lines of the table, by design: the table itself has no room for them."""
    return {index: designs.design(index, plan.seed, config) for index in rows["index"].tolist()}


def confirm_front(
    family: Family,
    result: ScreeningResult,
    designs: Mapping[int, Payload],
    config: FamilyConfig,
    wanted: int,
    work_dir: Path,
    workers: int,
    progress: Progress,
) -> pd.DataFrame:
    """Simulate ``wanted`` designs, spread over the costs of the front; fewer if it has fewer.

    ``designs`` has the payloads of the front. Interrupted simulations continue in ``work_dir``,
    which keeps the finished ones.

    Returns:
        These lines of the front, with ``<name>_simulated`` for the merit and each target,
        ``inside`` (is the simulated merit in its interval?) and ``refused`` (why there is none).

    Raises:
        BadInput: the family has no simulation of given designs.
    """
    if not isinstance(family, Confirms):
        raise BadInput(f"{family.name} has no simulation of given designs")
    cost = result.front[result.objectives.cost.name].to_numpy()
    chosen = result.front.iloc[spread_along(cost, wanted)].reset_index(drop=True)
    payloads = [designs[index] for index in chosen["index"].tolist()]
    outcomes = list(family.confirm(payloads, config, work_dir, workers, progress))
    return _compare(chosen, outcomes, scalars_of(family.targets), result.merit)


def _simulated(outcome: Record | Quarantined, targets: Sequence[Target]) -> list[float]:
    values = outcome.targets if isinstance(outcome, Record) else {}
    return [values.get(target.name, np.nan) for target in targets]


def _compare(
    rows: pd.DataFrame,
    outcomes: Sequence[Record | Quarantined],
    targets: Sequence[Target],
    merit: Merit,
) -> pd.DataFrame:
    """The rows with their simulated values, one outcome each, in order."""
    values = np.array([_simulated(outcome, targets) for outcome in outcomes])
    values = values.reshape(len(rows), len(targets))
    names = [f"{target.name}_simulated" for target in targets]
    simulated = merit.of(values)
    lower, upper = rows[f"{merit.name}_lower"], rows[f"{merit.name}_upper"]
    return rows.assign(
        **dict(zip(names, values.T, strict=True)),
        **{f"{merit.name}_simulated": simulated},
        inside=(lower <= simulated) & (simulated <= upper),
        refused=[o.reason if isinstance(o, Quarantined) else "" for o in outcomes],
    )
