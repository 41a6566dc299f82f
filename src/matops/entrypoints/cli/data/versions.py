"""Commands on versions of the data: ``matops data log | status | diff | pull | verify``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matops.entrypoints.cli.data.splits import split
from matops.entrypoints.cli.data.upkeep import gc, mend
from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, print_line, print_table, screen
from matops.entrypoints.whole_table import WholeTable

if TYPE_CHECKING:
    from matops.adapters.data.dvc_versions import DvcVersions, Published
    from matops.artifacts.data.comparison import Counts
    from matops.artifacts.data.history import VersionEntry

SHORT = 12
"""Characters of a version that tables show; every command takes as few as name it."""
SHOWN_ORIGINS = 10

Version = Annotated[str, typer.Argument(help="A version, or how it begins; see: matops data log")]
FamilyFilter = Annotated[
    str, typer.Option("--family", "-f", help="Only this family; default: all that have data")
]

app = typer.Typer(
    name="data",
    help="Versions of the data: what there is, what changed, and whether it is whole.",
    no_args_is_help=True,
)

for command in (split, mend, gc):
    app.command()(command)


def _versions() -> "DvcVersions":
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_versions

    return dataset_versions(read_settings())


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _minute(date: str) -> str:
    return date[:16].replace("T", " ")


@app.command()
def log(family: FamilyFilter = "", as_json: Json = False) -> None:
    """List the published versions, the newest first: rows, targets, sources, date, author."""
    from matops.families import check_family

    if family:
        check_family(family)
    entries = [entry for entry in _versions().log() if family in ("", entry.family)]
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    print_table(log_table(entries))


def log_table(entries: "Sequence[VersionEntry]") -> WholeTable:
    """A row each version."""
    columns = ("family", "version", "rows", "added", "sources", "targets", "UTC", "author")
    rows = []
    for entry in entries:
        units = ", ".join(f"{name} / {unit}" for name, unit in entry.targets.items())
        named = (entry.family, entry.version[:SHORT], str(entry.rows), str(entry.added))
        rows.append((*named, _named(entry.sources), units, _minute(entry.date), entry.author))
    return WholeTable(columns, rows, prose=("sources", "targets"))


@app.command()
def status(as_json: Json = False) -> None:
    """Say what is published, by family, and whether it lies here and in the remote."""
    published = _versions().status()
    if as_json:
        print_json([asdict(item) for item in published])
        return
    print_table(status_table(published))


def status_table(published: "Sequence[Published]") -> WholeTable:
    """A row each family's data."""
    columns = ("family", "version", "rows", "parts", "here", "in the remote", "UTC")
    table = []
    for item in published:
        rows, date = (str(item.entry.rows), _minute(item.entry.date)) if item.entry else ("", "")
        here = "all" if item.at_hand == item.parts else f"{item.at_hand} of {item.parts}"
        stored = "yes" if item.remote else "NO"
        named = (item.family, item.version[:SHORT], rows)
        table.append((*named, str(item.parts), here, stored, date))
    return WholeTable(columns, table)


@app.command()
def diff(first: Version, second: Version, as_json: Json = False) -> None:
    """Say which records came and went from the first version to the second."""
    comparison = _versions().compare(first, second)
    if as_json:
        print_json(asdict(comparison))
        return
    _print_counts("came", comparison.came)
    _print_counts("went", comparison.went)


def _print_counts(word: str, counts: "Counts") -> None:
    screen.print(f"[bold]{word}[/bold] {counts.rows}  {_named(counts.sources)}", highlight=False)
    for origin, rows in list(counts.origins.items())[:SHOWN_ORIGINS]:
        print_line(f"  {rows:7d} {origin}")
    if len(counts.origins) > SHOWN_ORIGINS:
        print_line(f"          and {len(counts.origins) - SHOWN_ORIGINS} origins more")


@app.command()
def pull(
    version: Annotated[
        str, typer.Argument(help="A version, or how it begins; default: what is published")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Directory for the parts; default: one under .matops")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a version's parts: the published ones into data/, others beside it.

    An older version gets a directory of its own, so that what is published stays so. To go back
    for good, check out an older data.dvc and pull without a version.
    """
    versions = _versions()
    pulled = [versions.pull_version(version, out)] if version else versions.pull()
    if as_json:
        print_json([asdict(data) for data in pulled])
        return
    for data in pulled:
        print_line(f"{data.version} {data.directory}")


@app.command()
def verify(
    version: Annotated[
        str, typer.Argument(help="A version, or how it begins; default: all that is published")
    ] = "",
    as_json: Json = False,
) -> None:
    """Hash everything anew in workspace, cache and remote; name what is damaged and what to do.

    The exit status is 1 if anything is.
    """
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_health

    files, damaged = dataset_health(read_settings()).verify(version)
    if as_json:
        print_json({"files": files, "damaged": [asdict(damage) for damage in damaged]})
    else:
        for damage in damaged:
            where = f"{damage.problem} in {damage.place}: {damage.file}: {damage.path}"
            print_line(f"{where}: {damage.advice}")
        print_line(f"{files} files hashed, {len(damaged)} damaged")
    if damaged:
        raise typer.Exit(1)
