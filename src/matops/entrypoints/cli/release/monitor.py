"""The command that looks at what a released model meets."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.entrypoints.cli.options import FamilyOrAll, Json
from matops.entrypoints.cli.output import print_json, print_line, print_table
from matops.entrypoints.whole_table import WholeTable

if TYPE_CHECKING:
    from matops.core.monitoring.observation import Observation
    from matops.core.monitoring.retraining import RetrainingConfig

REPORT = "monitor.html"
SHOWN_DESCRIPTORS = 5


def monitor(
    family: FamilyOrAll = None,
    days: Annotated[
        float | None, typer.Option(min=1e-4, help="How far back to look; MATOPS_MONITOR_DAYS")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Directory for a report with pictures; of all, each in its family's"),
    ] = None,
    as_json: Json = False,
) -> None:
    """What released models meet, beside what they were trained on: drift, domain, outcomes.

    The counts come from the Prometheus at MATOPS_PROMETHEUS. With --json there is one object a
    family.
    """
    from matops.entrypoints.each import for_each
    from matops.entrypoints.monitoring.monitoring import released_families
    from matops.entrypoints.settings import read_settings

    window = timedelta(days=days or read_settings().monitor_days)
    if family:
        _look(family, window, out, as_json)
    else:
        for_each(released_families(), lambda name: _look(name, window, out and out / name, as_json))


def _look(family: str, window: timedelta, out: Path | None, as_json: bool) -> None:
    """Print what one model met, and write its report."""
    from matops.core.monitoring.observation import findings
    from matops.entrypoints.monitoring.monitoring import observe_champion, write_report

    observation, limits = observe_champion(family, window, datetime.now(UTC))
    alarm, why = findings(observation, limits)
    if as_json:
        verdict = {"needs_attention": alarm, "reason": why}
        print_json(_numbers(observation, limits) | verdict)
    else:
        if observation.shifts:
            print_table(shifts_table(observation))
        print_line(f"{family}: {why}")
    if out:
        page = write_report(observation, limits, out / REPORT)
        if not as_json:
            print_line(f"report: {page}")


def _numbers(observation: "Observation", limits: "RetrainingConfig") -> dict[str, Any]:
    live = observation.live
    return {
        "family": observation.card.family,
        "model_version": observation.card.version,
        "dataset_version": observation.card.data.version,
        "since": live.since.isoformat(timespec="seconds"),
        "until": live.until.isoformat(timespec="seconds"),
        "samples": live.samples,
        "outside_share": observation.outside_share,
        "drift": observation.drift,
        "limits": {"drift": limits.drift, "outside_share": limits.outside_share},
        "requests": live.outcomes,
        "unseen": live.unseen,
        "latency_s": asdict(live.latency_s) if live.latency_s else None,
        "descriptors": {
            shift.descriptor: {
                "index": shift.index,
                "expected_by_chance": shift.expected,
                "most_by_chance": shift.by_chance,
                "drift": shift.drift,
            }
            for shift in observation.shifts
        },
    }


def shifts_table(observation: "Observation") -> WholeTable:
    """The descriptors that moved farthest."""
    rows = [
        (shift.descriptor, f"{shift.index:.3f}", f"{shift.by_chance:.3f}", f"{shift.drift:.3f}")
        for shift in observation.shifts[:SHOWN_DESCRIPTORS]
    ]
    columns = ("descriptor", "index", "by chance, at most", "drift")
    return WholeTable(columns, rows, prose=("descriptor",))
