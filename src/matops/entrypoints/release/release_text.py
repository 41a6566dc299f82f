"""Rollouts and decisions in words and tables."""

import json
import math
from dataclasses import asdict
from typing import Any

from rich.text import Text

from matops.core.release.decision import Decision
from matops.core.release.rollout import Rollout
from matops.entrypoints.tables import limit_text, markdown_table, measured_text
from matops.entrypoints.whole_table import WholeTable

MARKS = {"passed": Text("passed", "green"), "failed": Text("FAILED", "red")}


def decision_line(decision: Decision) -> str:
    """One decision in one line."""
    share = f"{decision.after.share_percent:3d} %" if decision.after.candidate else "     "
    ruling = decision.ruling
    return f"{decision.at[:19]} {decision.version} {share} {ruling.move}: {ruling.reason}"


def decision_markdown(family: str, decision: Decision) -> str:
    """A decision, and every check with its limit and measured value."""
    text = f"# {family}\n\n**{decision_line(decision)}**\n"
    rows = [
        (c.outcome, c.name, measured_text(c.measured), limit_text(c.limit, c.unit))
        for c in decision.ruling.checks
    ]
    columns = ("", "check", "measured", "limit")
    return f"{text}\n{markdown_table(columns, rows)}" if rows else text


def arms_table(rollout: Rollout, unready: dict[str, str]) -> WholeTable:
    """Who answers which share, and who does not answer."""
    rows = []
    for part in ("champion", "candidate", "baseline"):
        if arm := getattr(rollout, part):
            share = f"{rollout.shares_percent[arm.name]} %"
            rows.append((arm.name, part, arm.version, share, unready.get(arm.name, "ready")))
    columns = ("arm", "part", "version", "share", "state")
    return WholeTable(columns, rows, prose=("state",))


def checks_table(decision: Decision) -> WholeTable:
    """Every check of a decision beside its limit."""
    rows = []
    for check in decision.ruling.checks:
        measured = "" if check.measured is None else f"{check.measured:.4g}"
        outcome = MARKS.get(check.outcome, check.outcome)
        rows.append((check.name, measured, f"{check.limit:.4g}", check.unit, outcome))
    return WholeTable(("check", "measured", "limit", "unit", "outcome"), rows, prose=("check",))


def for_programs(value: Any) -> Any:
    """A dataclass as JSON knows it: infinite edges and NaN become text."""
    return _finite(asdict(value))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else json.dumps(value).replace("Infinity", "Inf")
    return value
