"""Commands that keep the stored data whole and small: ``matops data mend | gc``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from matops.entrypoints.cli.options import Json
from matops.entrypoints.cli.output import print_json, print_line

MEGABYTE = 1e6
SHOWN_OBJECTS = 20


def mend(as_json: Json = False) -> None:
    """Bring back what cache, remote or history still has, as after a ``dvc gc``.

    The exit status is 1 if something is nowhere.
    """
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import dataset_health

    made, lost = dataset_health(read_settings()).mend()
    if as_json:
        print_json({"made": made, "lost": lost})
    else:
        print_line(f"{made} listings made again from the history, {len(lost)} objects are nowhere")
    if lost:
        raise typer.Exit(1)


def gc(
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove what was found; default: only say it")
    ] = False,
    older_than: Annotated[
        float, typer.Option(min=0, help="Hours; younger objects stay: another may publish them")
    ] = 24.0,
    keep: Annotated[
        list[Path] | None,
        typer.Option(help="data.dvc of another workspace that shares the remote; may be repeated"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Free what no version needs, in the cache and in the remote; says it first, frees nothing.

    Kept is all that the history names, and every data.dvc that git knows, that packages were made
    of and that runs in a release. Never run dvc gc on a workspace: it knows one version only.
    """
    from matops.entrypoints.data.upkeep import collect_garbage

    garbage = collect_garbage(older_than, keep or [], delete)
    if as_json:
        print_json(asdict(garbage))
        return
    word = "removed from" if garbage.removed else "unused in"
    for item in garbage.unused[:SHOWN_OBJECTS]:
        print_line(f"{word} {item.place}: {item.path} ({item.size_bytes} bytes)")
    if len(garbage.unused) > SHOWN_OBJECTS:
        print_line(f"and {len(garbage.unused) - SHOWN_OBJECTS} more; --json names all")
    size = sum(item.size_bytes for item in garbage.unused) / MEGABYTE
    print_line(
        f"{len(garbage.unused)} objects, {size:.1f} MB, {'freed' if delete else 'can be freed'}; "
        f"{garbage.kept} kept, {garbage.young} younger than {older_than:g} hours"
    )
    if garbage.unused and not delete:
        print_line("to free them: matops data gc --delete")
