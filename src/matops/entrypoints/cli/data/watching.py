"""What ``matops ingest --watch`` prints."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.output import plain, print_line, print_reasons, print_refusals

if TYPE_CHECKING:
    from matops.core.data.record import Provenance
    from matops.core.family import Family
    from matops.steps.data.ingest import IngestReport
    from matops.steps.data.watch import Batch, Begun


def counts(report: "IngestReport") -> str:
    """What became of the records, in words."""
    text = f"{report.added} added, {report.repeated} known already, {report.refused} refused"
    return f"{text}, {report.doubtful} doubtful" if report.doubtful else text


def print_findings(report: "IngestReport", is_sifted: bool = False) -> None:
    """What was refused, and what is strange: by reason where a source is sifted, or one by one."""
    told = (
        ("refused", report.quarantined, report.refused, report.reasons),
        ("doubtful", report.doubts, report.doubtful, report.doubt_reasons),
    )
    for what, first, count, reasons in told:
        if is_sifted:
            print_reasons(Counter(reasons), what)
        else:
            print_refusals(first, count, what)


def watch_and_print(
    family: "Family", where: str, stated: "Provenance", interval_s: float, once: bool, as_json: bool
) -> None:
    """Watch; a line for each batch. Once, the exit status is 2 if anything was refused."""
    from matops.entrypoints.data.watching import watch_into_workspace

    refused = 0

    def tell(news: "Begun | Batch | BadInput") -> None:
        nonlocal refused
        refused += _print_news(news, as_json)

    watch_into_workspace(family, where, stated, interval_s, once, tell)
    if once and refused:
        raise typer.Exit(2)


def _print_news(news: "Begun | Batch | BadInput", as_json: bool) -> int:
    """Print it; how much was refused, or failed."""
    from matops.steps.data.watch import Begun

    if isinstance(news, BadInput):
        print(f"matops: {plain(str(news))}", file=sys.stderr, flush=True)
        return 1
    if isinstance(news, Begun):
        again = f", which ended the process {news.times} times before" if news.times else ""
        print(f"reading {plain(news.address)}{again}", file=sys.stderr, flush=True)
        return 0
    print_findings(news.report)
    if as_json:
        print(json.dumps({"deposit": news.address, **asdict(news.report)}), flush=True)
    else:
        print_line(f"{news.address}: {counts(news.report)}")
    return news.report.refused
