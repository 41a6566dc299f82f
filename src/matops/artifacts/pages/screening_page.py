"""The result of a screening on disk: tables for programs, a picture, and one page for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from matops.artifacts.exploring.screening_result import ScreeningResult
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
    """Where the result of a screening lies."""

    front: Path  # table of the front
    designs: Path  # directory with a payload for each design of the front
    picture: Path  # merit against cost
    page: Path  # all of it, for people
    confirmed: Path | None  # table of the simulated designs; None if none were


def render_screening(
    result: ScreeningResult, confirmed: pd.DataFrame | None, title: str, coverage: float
) -> str:
    """The screening as one self-contained page; ``coverage`` is nominal, of targets' intervals."""
    simulated = [] if confirmed is None else confirmed.to_dict("records")
    done = [row for row in simulated if not row["refused"]]
    return template("screening.html.j2").render(
        plan=result.plan,
        cost=result.objectives.cost,
        merit=result.merit,
        result=result,
        quantity=quantity,
        front=result.front.head(SHOWN_ROWS).to_dict("records"),
        confirmed=simulated,
        simulated=len(done),
        inside=sum(bool(row["inside"]) for row in done),
        coverage=coverage,
        title=title,
        stages=[(name, s, 1e3 * s / result.plan.count) for name, s in result.seconds.items()],
        explained=STAGES,
        figure=to_svg(draw_screening(result, confirmed), "screening"),
        configuration=json.dumps(result.plan.configuration, indent=2, ensure_ascii=False),
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
    result: ScreeningResult,
    payloads: Mapping[int, Payload],
    confirmed: pd.DataFrame | None,
    title: str,
    coverage: float,
) -> ScreeningFiles:
    """Write tables, payloads of the front, picture and page into the screening's directory.

    Where no designs were simulated, an older table of ``confirmed`` ones is removed.
    """
    files = ScreeningFiles(
        front=out / FRONT,
        designs=out / DESIGNS,
        picture=out / PICTURE,
        page=out / PAGE,
        confirmed=None if confirmed is None else out / CONFIRMED,
    )
    result.front.to_csv(files.front, index=False)
    if confirmed is None:
        # Those of another front, merit or engine; the simulations themselves are kept.
        (out / CONFIRMED).unlink(missing_ok=True)
    else:
        confirmed.to_csv(out / CONFIRMED, index=False)
    _write_designs(files.designs, payloads)
    save_png(draw_screening(result, confirmed), files.picture)
    files.page.write_text(render_screening(result, confirmed, title, coverage), encoding="utf-8")
    return files
