"""The command that looks for the best among many designs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.entrypoints.cli import output
from matops.entrypoints.cli.options import Changes, FamilyName, Json, Out
from matops.entrypoints.whole_table import WholeTable

if TYPE_CHECKING:
    import pandas as pd

    from matops.steps.exploring.screen import Screened

SHOWN_DESIGNS = 12


def _records(rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows for programs; what is no number there is null."""
    result: list[dict[str, Any]] = json.loads(rows.to_json(orient="records", double_precision=15))
    return result


def designs_table(screened: "Screened") -> WholeTable:
    """The confirmed designs, or some of the front."""
    from matops.artifacts.pages.plots.style import quantity
    from matops.core.exploring.screening import spread_along

    result, rows = screened.result, screened.confirmed
    cost, merit = result.objectives.cost, result.merit
    columns = ["design", quantity(cost.name, cost.unit), quantity(merit.name, merit.unit)]
    columns += ["interval", "simulated", "result"][: 1 if rows is None else 3]
    if rows is None:
        shown = spread_along(result.front[cost.name].to_numpy(), SHOWN_DESIGNS)
        rows = result.front.iloc[shown]
    table = []
    for row in rows.to_dict("records"):
        ends = f"{row[f'{merit.name}_lower']:.4g} to {row[f'{merit.name}_upper']:.4g}"
        cells = [str(row["index"]), f"{row[cost.name]:.4g}", f"{row[merit.name]:.4g}", ends]
        if "refused" in row:
            reason = row["refused"].split(":")[0]
            value = "" if reason else f"{row[f'{merit.name}_simulated']:.4g}"
            cells += [value, reason or ("inside" if row["inside"] else "OUTSIDE")]
        table.append(cells)
    return WholeTable(columns, table, prose=("result",))


def _print_result(screened: "Screened") -> None:
    result, files = screened.result, screened.files
    if len(result.front):
        output.print_table(designs_table(screened))
    output.print_line(
        f"{result.plan.count:,} designs: {len(result.front):,} on the front, "
        f"{result.outside:,} out of domain, {result.refused.total():,} refused"
    )
    if screened.confirmed is not None and not len(screened.confirmed):
        output.print_line("nothing to confirm: no design on the front")
    for path in (files.front, files.confirmed, files.designs, files.picture, files.page):
        if path is not None:
            output.print_line(path)


def _summary(screened: "Screened") -> dict[str, Any]:
    result = screened.result
    return {
        **asdict(result.plan),
        "merit": result.merit.name,
        "front": _records(result.front),
        "confirmed": [] if screened.confirmed is None else _records(screened.confirmed),
        "out_of_domain": result.outside,
        "refused": dict(result.refused),
        "seconds": result.seconds,
        "files": {name: str(path) for name, path in asdict(screened.files).items() if path},
    }


def screen(
    family: FamilyName,
    package: Annotated[
        str, typer.Option(help="The model package that predicts: its directory, or its version")
    ],
    count: Annotated[int, typer.Option(help="Designs in all; a larger number extends")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the designs")] = 0,
    merit: Annotated[
        str, typer.Option(help="What to have most of; default: the family's first merit")
    ] = "",
    confirm: Annotated[
        int, typer.Option(min=0, help="Designs to simulate, spread over the costs of the front")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: MATOPS_WORKERS")
    ] = None,
    changes: Changes = [],  # noqa: B006
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Make designs, predict all of them, and find those with the most merit for the least cost.

    The same command again continues where it was interrupted. Designs that are unlike the
    training data are marked, and are never among the best.
    """
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.exploring.screening import ScreeningRequest, screening_directory
    from matops.entrypoints.progress import StepBars
    from matops.entrypoints.settings import read_settings
    from matops.steps.exploring.screen import run_screening

    request = ScreeningRequest(family, package, count, seed, merit, confirm, parse_changes(changes))
    screening = request.screening()
    processes, directory = workers or read_settings().workers, out or screening_directory(screening)
    with StepBars(output.side) as bars:
        screened = run_screening(screening, directory, processes, bars.report)
    output.print_reasons(screened.result.refused)
    if as_json:
        output.print_json(_summary(screened))
    else:
        _print_result(screened)
