"""The result of a screening on disk: tables for programs, a picture, and one page for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from matops.artifacts.exploring.screening_result import Found
from matops.artifacts.pages.page import template
from matops.artifacts.pages.plots.screening import draw_screening
from matops.artifacts.pages.plots.style import quantity, save_png, to_svg
from matops.core.data.record import Payload
from matops.core.exploring.screening import STAGES

FRONT, CONFIRMED, PICTURE, PAGE = "front.csv", "confirmed.csv", "front.png", "report.html"
DESIGNS = "front"
SHOWN_ROWS = 100


@dataclass(frozen=True)
class ScreeningFiles:
    """Where the result of a screening lies.

    Attributes:
        front: table of the front.
        designs: directory with a payload for each design of the front.
        picture: merit against cost.
        page: all of it, for people.
        confirmed: table of the simulated designs; None if none were.
    """

    front: Path
    designs: Path
    picture: Path
    page: Path
    confirmed: Path | None


def stage_rows(found: Found) -> list[tuple[str, float, float]]:
    """Stage, its seconds in all, and its milliseconds a design."""
    return [
        (stage, found.seconds[stage], 1e3 * found.seconds[stage] / found.plan.count)
        for stage in STAGES
    ]


def render_screening(
    found: Found, confirmed: pd.DataFrame | None, title: str, coverage: float
) -> str:
    """The screening as one page that needs nothing else.

    Args:
        found: what it found.
        confirmed: simulated designs, as :func:`matops.steps.exploring.screen.confirm` gives them.
        title: the family's title.
        coverage: nominal coverage of the targets' intervals.
    """
    simulated = [] if confirmed is None else confirmed.to_dict("records")
    done = [row for row in simulated if not row["refused"]]
    return template("screening.html.j2").render(
        plan=found.plan,
        cost=found.objectives.cost,
        merit=found.merit,
        found=found,
        quantity=quantity,
        front=found.front.head(SHOWN_ROWS).to_dict("records"),
        confirmed=simulated,
        simulated=len(done),
        inside=sum(bool(row["inside"]) for row in done),
        coverage=coverage,
        title=title,
        stages=stage_rows(found),
        explained=STAGES,
        figure=to_svg(draw_screening(found, confirmed), "screening"),
        configuration=json.dumps(found.plan.configuration, indent=2, ensure_ascii=False),
    )


def _write_designs(directory: Path, payloads: Mapping[int, Payload]) -> None:
    """A file for each design, of the kind that ``matops predict`` reads; older ones go."""
    directory.mkdir(exist_ok=True)
    for old in directory.glob("design-*.json"):
        old.unlink()
    for index, payload in payloads.items():
        (directory / f"design-{index:06d}.json").write_text(json.dumps(payload, indent=2))


def write_result(
    out: Path,
    found: Found,
    payloads: Mapping[int, Payload],
    confirmed: pd.DataFrame | None,
    title: str,
    coverage: float,
) -> ScreeningFiles:
    """Write tables, payloads of the front, picture and page into the screening's directory.

    Args:
        out: the directory.
        found: what the screening found.
        payloads: of the designs on the front.
        confirmed: simulated designs, if any; an older table of them goes.
        title: the family's title.
        coverage: nominal coverage of the targets' intervals.
    """
    files = ScreeningFiles(
        front=out / FRONT,
        designs=out / DESIGNS,
        picture=out / PICTURE,
        page=out / PAGE,
        confirmed=None if confirmed is None else out / CONFIRMED,
    )
    found.front.to_csv(files.front, index=False)
    if confirmed is None:
        # Those of another front, merit or engine; the simulations themselves are kept.
        (out / CONFIRMED).unlink(missing_ok=True)
    else:
        confirmed.to_csv(out / CONFIRMED, index=False)
    _write_designs(files.designs, payloads)
    save_png(draw_screening(found, confirmed), files.picture)
    page = render_screening(found, confirmed, title, coverage)
    files.page.write_text(page, encoding="utf-8")
    return files
