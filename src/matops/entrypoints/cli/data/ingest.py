"""Commands on families and data."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.data.watching import counts, print_findings, watch_and_print
from matops.entrypoints.cli.options import Changes, FamilyName, Json, Preset
from matops.entrypoints.cli.output import (
    print_json,
    print_line,
    screen,
    side,
)


def families(as_json: Json = False) -> None:
    """List the families: what each predicts, in which units, from which samples."""
    from matops.families import about_family, family_names

    if as_json:
        print_json([_for_programs(name) for name in family_names()])
        return
    for about in map(about_family, family_names()):
        screen.print(f"[bold]{about.name}[/bold]  {about.title}")
        print_line(f"  {about.paper}")
        for target in about.targets:
            print_line(f"  {target.name} / {target.unit}: {target.description}")
        for form in about.sources:
            print_line(f"  from {form.name}: {form.description}")


def _for_programs(name: str) -> dict[str, Any]:
    """All of a family, which is loaded for it."""
    from matops.families import get_family

    family = get_family(name)
    return {
        "name": family.name,
        "title": family.title,
        "paper": family.paper,
        "targets": [asdict(target) for target in family.targets],
        "derived": [asdict(quantity) for quantity in family.derived],
        "payloads": {form.key: form.description for form in family.payload_forms},
        "sources": {form.name: form.description for form in family.sources},
        "presets": list(family.presets),
    }


def ingest(
    family: FamilyName,
    source: Annotated[
        str,
        typer.Option(
            help="'simulation', 'materials-project', or a path; matops families has each one's"
        ),
    ] = "",
    watch: Annotated[
        str, typer.Option(help="Ingest what comes to this directory or s3://bucket/prefix")
    ] = "",
    once: Annotated[bool, typer.Option(help="With --watch: take what is there, and end")] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, help="With --watch: seconds between two looks")
    ] = 10.0,
    preset: Preset = "demo",
    changes: Changes = [],  # noqa: B006
    method: Annotated[str, typer.Option(help="How the labels were made, as in PBE")] = "unknown",
    engine: Annotated[str, typer.Option(help="Program that made them")] = "unknown",
    licence: Annotated[str, typer.Option(help="Licence of the labels")] = "unstated",
    as_json: Json = False,
) -> None:
    """Bring records into the versioned data: validate, drop repeats, append, version.

    Bad records are named with their reason and set aside; the others go through. The exit status
    is 2 if a record of a file was refused. A simulation or a database holds unusable ones as a
    matter of course; they are counted by reason. A watch goes on until SIGTERM.
    """
    if bool(source) == bool(watch):
        raise BadInput("name either a --source or a place to --watch")
    from matops.artifacts.configuration import resolve_config
    from matops.core.data.record import Provenance
    from matops.entrypoints.configuration import preset_and_changes
    from matops.entrypoints.data.ingestion import SIFTED, ingest_into_workspace, quarantine_file
    from matops.entrypoints.progress import GOES_ON, StepBars
    from matops.families import get_family

    chosen = get_family(family)
    config = resolve_config(chosen, *preset_and_changes(family, preset, changes))
    stated = Provenance("", "", engine=engine, method=method, licence=licence)
    if watch:
        watch_and_print(chosen, watch, stated, interval, once, as_json)
        return
    with StepBars(side, GOES_ON) as bars:
        report = ingest_into_workspace(chosen, config, source, stated, bars.report("ingest"))
    print_findings(report, source in SIFTED)
    if as_json:
        print_json(asdict(report))
    else:
        print_line(f"{report.family} {report.version}: {counts(report)}")
        if report.refused:
            print_line(f"refused records: {quarantine_file(chosen)}")
    if report.refused and source not in SIFTED:
        raise typer.Exit(2)
