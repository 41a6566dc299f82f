"""What ``matops ingest --watch`` prints."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.output import plain, print_line, print_refusals

if TYPE_CHECKING:
    from matops.core.data.record import Provenance
    from matops.core.family import Family
    from matops.steps.data.ingest import IngestReport
    from matops.steps.data.watch import Batch


def counts(report: "IngestReport") -> str:
    """What became of the records, in words."""
    refused = len(report.quarantined)
    return f"{report.added} added, {report.repeated} known already, {refused} refused"


def watch_and_print(
    family: "Family", where: str, stated: "Provenance", interval_s: float, once: bool, as_json: bool
) -> None:
    """Watch; a line for each batch. Once, the exit status is 2 if anything was refused."""
    from matops.entrypoints.data.watching import watch_into_workspace

    refused = 0

    def tell(news: "Batch | BadInput") -> None:
        nonlocal refused
        refused += 1 if isinstance(news, BadInput) else len(news.report.quarantined)
        _print_news(news, as_json)

    watch_into_workspace(family, where, stated, interval_s, once, tell)
    if once and refused:
        raise typer.Exit(2)


def _print_news(news: "Batch | BadInput", as_json: bool) -> None:
    if isinstance(news, BadInput):
        print(f"matops: {plain(str(news))}", file=sys.stderr, flush=True)
        return
    print_refusals(news.report.quarantined)
    if as_json:
        print(json.dumps({"deposit": news.address, **asdict(news.report)}), flush=True)
    else:
        print_line(f"{news.address}: {counts(news.report)}")
