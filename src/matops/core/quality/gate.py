"""Gates and the verdict: a pure function of numbers that decides on release."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import ge, le
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matops.core.data.target import Target

Comparison = Literal["<=", ">="]


@dataclass(frozen=True)
class Measurement:
    """A number with what is needed to believe it."""

    value: float  # the estimate
    unit: str  # its unit; ``1`` for a pure number
    low: float | None = None  # lower end of the 95 % confidence interval, where one was computed
    high: float | None = None  # upper end of it
    rows: int | None = None  # number of samples it was measured on


@dataclass(frozen=True)
class Gate:
    """A condition for release: ``metric comparison limit``."""

    name: str  # short name for tables
    metric: str  # name of the measurement it reads
    comparison: Comparison  # how the measured value must relate to the limit to pass
    limit: float  # the limit, in ``unit``
    unit: str  # unit of the limit; a measurement in another unit fails
    source: str  # why this limit: a paper, a measurement or a rule

    def asks_as(self, other: Gate) -> bool:
        """Whether it demands the same as another, whatever reason is given for it."""
        return replace(self, source=other.source) == other


def gates_of_target(
    name: str, unit: str, mae: float, half_width: float, coverage: float, source: str
) -> list[Gate]:
    """What every target is asked: its error, and intervals that hold and are of use.

    ``mae`` and ``half_width``, on the learning scale in ``unit``, come from ``source``.
    """
    chance = "largest coverage that chance could show as the measured one"
    wide = "median half width: intervals must be of use"
    return [
        Gate(f"{name} error", f"{name}.mae", "<=", mae, unit, source),
        Gate(f"{name} interval coverage", f"{name}.coverage_high", ">=", coverage, "1", chance),
        Gate(f"{name} interval width", f"{name}.interval_half_width", "<=", half_width, unit, wide),
    ]


def champion_gates(targets: Sequence[Target], tolerance: float, version: str) -> tuple[Gate, ...]:
    """No worse than the champion: even the upper end of the difference must be within tolerance."""
    return tuple(
        Gate(
            name=f"{target.name} no worse than champion",
            metric=f"{target.name}.mae_over_champion_high",
            comparison="<=",
            limit=tolerance,
            unit=target.scaled_unit,
            source=f"paired group bootstrap against {version} on the same test rows",
        )
        for target in targets
    )


@dataclass(frozen=True)
class GateResult:
    """What one gate decided, and on what value."""

    gate: Gate
    measured: float | None
    passed: bool
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What all gates decided."""

    accepted: bool
    results: tuple[GateResult, ...]

    @property
    def outcome(self) -> Literal["accepted", "rejected"]:
        """The verdict in one word."""
        return "accepted" if self.accepted else "rejected"

    @property
    def failures(self) -> tuple[GateResult, ...]:
        """The results that stand against a release."""
        return tuple(result for result in self.results if not result.passed)


def _apply(gate: Gate, measured: Measurement | None) -> GateResult:
    if measured is None:
        return GateResult(gate, None, False, f"{gate.metric} was not measured")
    if measured.unit != gate.unit:
        return GateResult(gate, None, False, f"measured in {measured.unit}, limit in {gate.unit}")
    if not math.isfinite(measured.value):
        return GateResult(gate, None, False, f"{gate.metric} is not a finite number")
    passed = (le if gate.comparison == "<=" else ge)(measured.value, gate.limit)
    word = "holds" if passed else "does not hold"
    reason = f"{measured.value:.4g} {gate.comparison} {gate.limit:.4g} {gate.unit} {word}"
    return GateResult(gate, measured.value, passed, reason)


def judge(gates: Sequence[Gate], measurements: Mapping[str, Measurement]) -> Verdict:
    """Apply every gate; all must pass.

    A measurement that is missing, not finite or in the wrong unit fails its gate. A verdict
    without any gate is a rejection: a model that nobody measured is not released.
    """
    results = tuple(_apply(gate, measurements.get(gate.metric)) for gate in gates)
    return Verdict(bool(results) and all(result.passed for result in results), results)
