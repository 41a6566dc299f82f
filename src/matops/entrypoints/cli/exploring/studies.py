"""The command that answers a question by cross-validation."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.options import Changes, FamilyName, InitFrom, Json, Out
from matops.entrypoints.cli.output import (
    print_json,
    print_line,
    print_refusals,
    print_table,
    screen,
    side,
)

if TYPE_CHECKING:
    from matops.artifacts.pages.study_page import StudyFiles
    from matops.core.exploring.study import Study, Variant, VariantResult
    from matops.core.family import Family
    from matops.steps.learning.fold_plan import Case


def _list_studies(family: "Family", as_json: bool) -> None:
    rows = [
        {"name": s.name, "question": s.question, "variants": [v.label for v in s.variants]}
        for s in family.studies
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        screen.print(f"[bold]{row['name']}[/bold]  {row['question']}", highlight=False)
        print_line(f"  {'; '.join(row['variants'])}")
    if not rows:
        print_line(f"{family.name} has no studies")


def _case(
    family: "Family",
    study: "Study",
    variant: "Variant",
    changes: Mapping[str, Any],
    start: Path | None,
    draws: int,
) -> "Case":
    from matops.artifacts.configuration import resolve_config
    from matops.steps.learning.fold_plan import Case

    if variant.transfer and start is None:
        raise BadInput(
            f"variant {variant.label!r} of study {study.name} starts from a package: "
            "name it with --init-from"
        )
    try:
        config = resolve_config(family, study.preset, {**variant.changes, **changes})
    except BadInput as error:
        raise BadInput(f"variant {variant.label!r} of study {study.name}: {error}") from None
    draws = draws if variant.draws_groups else 1
    return Case(variant, config, draws, start if variant.transfer else None)


def _print_result(
    results: list["VariantResult"],
    files: "StudyFiles",
    study: "Study",
    setting: str,
    as_json: bool,
) -> None:
    from matops.artifacts.pages.study_page import result_tables, study_words
    from matops.entrypoints.whole_table import WholeTable

    if as_json:
        paths = {name: str(path) for name, path in asdict(files).items()}
        measured = [asdict(result) for result in results]
        print_json({"study": study.name, "results": measured, "files": paths})
        return
    print_line(study_words(study, setting))
    for table in result_tables(results):
        # Labels of variants are words, and metrics have their intervals beside them.
        title = f"\n{table.heading}"
        print_table(WholeTable(table.columns, table.rows, prose=table.columns, title=title))
    print_line("")
    for path in (files.csv, files.markdown, files.plot):
        print_line(path)


def study(
    family: FamilyName,
    name: Annotated[str, typer.Argument(help="A study; without it, they are listed")] = "",
    source: Annotated[
        Path | None, typer.Option(help="File or directory of samples; default: the versioned data")
    ] = None,
    folds: Annotated[int, typer.Option(help="Folds of whole groups")] = 8,
    held_out: Annotated[
        int | None,
        typer.Option(min=1, help="Measure only the first folds, where all cost too much"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the folds and of all draws")] = 0,
    members: Annotated[
        int | None, typer.Option(min=1, help="Networks whose mean is measured")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Random choices where only some groups train")
    ] = None,
    only: Annotated[list[str], typer.Option(help="A variant's label; repeatable")] = [],  # noqa: B006
    init_from: InitFrom = "",
    split: Annotated[
        str,
        typer.Option(
            help="Your own folds: CSV or JSON with id (or group) and fold, instead of --folds"
        ),
    ] = "",
    changes: Changes = [],  # noqa: B006
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Vary one thing, cross-validate each variant, and leave a table and a plot.

    The same command again continues where it was interrupted. The exit status is 2 if a record
    of the source was refused; the others were used.
    """
    from matops.core.exploring.study import find_study, select_variants
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.data.own_split import read_split
    from matops.entrypoints.exploring.gathering import samples_of
    from matops.entrypoints.packages import package_to_start_from
    from matops.entrypoints.progress import StepBars, no_progress
    from matops.entrypoints.settings import read_settings
    from matops.families import get_family
    from matops.steps.exploring.study import run_study, study_setting
    from matops.steps.learning.cross_validation import Workplace
    from matops.steps.learning.fold_plan import Folds

    chosen_family = get_family(family)
    if not name:
        _list_studies(chosen_family, as_json)
        return
    question = find_study(chosen_family.studies, family, name)
    changed = parse_changes(changes)
    if members is not None:
        changed["training.members"] = members
    chosen = select_variants(question, only)
    if init_from and not any(variant.transfer for variant in chosen):
        raise BadInput(f"no chosen variant of study {name} starts from a package: {init_from}")
    start = package_to_start_from(init_from, family) if init_from else None
    draws = draws or question.draws
    cases = [_case(chosen_family, question, v, changed, start, draws) for v in chosen]
    samples, refused = samples_of(
        chosen_family, chosen_family.preset(question.preset), str(source or ""), no_progress
    )
    print_refusals(refused)
    settings = read_settings()
    studies = settings.kept / "studies" / family
    own = read_split(split) if split else None
    count = len(set(own.folds.values())) if own else folds
    directory, division = out or studies / name, Folds(count, seed, held_out, own)
    with StepBars(side) as bars:
        # Two studies that need the same network train it once.
        work = Workplace(
            settings.kept / "cache", studies / "trainings", settings.workers, bars.report
        )
        results, files = run_study(question, samples, cases, division, work, directory)
    setting = study_setting(samples, cases, division)
    _print_result(results, files, question, setting, as_json)
    if refused:
        raise typer.Exit(2)
