"""The command that searches for the best configuration of a family."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.entrypoints.cli import output
from matops.entrypoints.cli.checks import field_values
from matops.entrypoints.cli.options import Changes, FamilyName, Json, Split
from matops.entrypoints.whole_table import WholeTable

if TYPE_CHECKING:
    from matops.artifacts.exploring.tuning_result import TuningResult
    from matops.core.quality.gate import Measurement
    from matops.entrypoints.exploring.tuning import TuningRequest


def _summary(result: "TuningResult", place: Path) -> dict[str, Any]:
    from matops.artifacts.exploring.tuning_result import PRESET
    from matops.artifacts.jsonfile import to_json

    whole: dict[str, Any] = json.loads(to_json(result))
    best = result.best
    return {
        "family": result.plan.family,
        "study": result.plan.name,
        "best": best and {"trial": best.number, "error": best.error, "values": dict(best.values)},
        "inner_gain": result.inner_gain,
        "gain": whole["gain"],
        "importance": dict(result.importance),
        "trials": whole["trials"],
        "preset": str(place / PRESET),
        "directory": str(place),
    }


def _interval(m: "Measurement") -> str:
    return f"{m.value:.4f} ({m.low:.4f} to {m.high:.4f})"


def _print_result(result: "TuningResult", place: Path) -> None:
    from matops.artifacts.exploring.tuning_result import PRESET
    from matops.artifacts.pages.tuning_page import PAGE

    best, line = result.best, output.print_line
    if best is None:
        return
    rows = [(path, str(result.default.get(path, "")), str(v)) for path, v in best.values.items()]
    output.print_table(WholeTable(("field", "preset", f"best (trial {best.number})"), rows))
    became = Counter(trial.became for trial in result.trials)
    line(f"{len(result.trials)} trials: {', '.join(f'{n} {word}' for word, n in became.items())}")
    default = "no trial" if result.inner_default is None else f"{result.inner_default:.4f}"
    line(f"error in the search, the least of many: {best.error:.4f}; preset: {default}")
    if result.gain is None:
        line("no trial was better than the preset")
    else:
        gain = result.gain
        line("on rows that no trial has seen, in standard deviations of the targets:")
        line(f"  preset {_interval(gain.default)}, best {_interval(gain.best)}")
        shown = "" if gain.is_shown else ": no gain is shown"
        line(f"  best minus preset {_interval(gain.difference)}{shown}")
    line(place / PRESET)
    line(place / PAGE)


def _print_experiment(request: "TuningRequest", trials: int) -> None:
    import yaml

    from matops.entrypoints.pipelines.images import step_images
    from matops.entrypoints.pipelines.katib import experiment
    from matops.entrypoints.settings import read_settings
    from matops.families import get_family

    space, settings = request.found_space(get_family(request.family)), read_settings()
    name = f"{request.family}-{request.study or space.name}".replace("_", "-").lower()
    command = ["matops", "tune", request.family, f"--space={request.space or space.name}"]
    command += [f"--preset={request.preset or space.preset}", f"--seed={request.seed}"]
    command += [f"--folds={request.folds}", f"--study={request.study or space.name}"]
    command += [f"--held-out={request.held_out}"] if request.held_out else []
    command += [f"--source={request.source}"] if request.source else []
    command += [f"--set={path}={json.dumps(value)}" for path, value in request.changes.items()]
    image = step_images(settings, for_platform=False).train
    manifest = experiment(name, space, command, image, trials, settings.shards_at_once)
    print(yaml.safe_dump(manifest, sort_keys=False), end="")


def tune(
    family: FamilyName,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all; a larger number extends")] = 20,
    space: Annotated[
        str, typer.Option(help="A space of the family, or a file; default: its first")
    ] = "",
    preset: Annotated[
        str, typer.Option(help="Configuration to improve; default: the space's")
    ] = "",
    changes: Changes = [],  # noqa: B006
    source: Annotated[
        str, typer.Option(help="'simulation' or a path; default: the versioned data")
    ] = "",
    split: Split = "",
    folds: Annotated[int, typer.Option(help="Inner folds of whole training groups")] = 4,
    held_out: Annotated[
        int | None, typer.Option(min=1, help="Inner folds that each trial holds out; default: all")
    ] = None,
    prune: Annotated[bool, typer.Option(help="Stop trials early that fall behind")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds and suggestions")] = 0,
    study: Annotated[str, typer.Option(help="Name of the search; default: the space's")] = "",
    work: Annotated[
        Path | None, typer.Option(help="Directory of the search; default: in the workspace")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: MATOPS_WORKERS")
    ] = None,
    trial: Annotated[
        list[str],
        typer.Option(
            help="Run one trial with this value, as Katib does, and print error=…; repeatable",
            callback=field_values,
        ),
    ] = [],  # noqa: B006
    katib: Annotated[
        bool, typer.Option("--katib", help="Print a Katib Experiment of this search, and end")
    ] = False,
    as_json: Json = False,
) -> None:
    """Search for the fields of a configuration with the least error; the same command goes on.

    Trials see the training groups only. The best is measured beside the preset on the test groups,
    once, and becomes a preset file for: matops run train_and_release --preset FILE
    """
    from matops.entrypoints.configuration import parse_changes, preset_and_changes
    from matops.entrypoints.data.own_split import with_split
    from matops.entrypoints.exploring.tuning import TuningRequest, single
    from matops.entrypoints.exploring.tuning import tune as search
    from matops.entrypoints.pipelines.katib import METRIC
    from matops.entrypoints.progress import GOES_ON, StepBars, log_progress
    from matops.entrypoints.settings import read_settings

    preset, fields = preset_and_changes(family, preset, changes)
    changed = with_split(fields, split)
    request = TuningRequest(
        family, space, preset, changed, source, study, seed, folds, held_out, prune
    )
    if katib:
        _print_experiment(request, trials)
        return
    if trial:
        values = parse_changes(trial)
        single(request, work, values, log_progress, lambda error: print(f"{METRIC}={error}"))
        return
    with StepBars(output.side, GOES_ON) as bars:
        processes = workers or read_settings().workers
        result, place = search(request, work, trials, processes, bars.report)
    if as_json:
        output.print_json(_summary(result, place))
    else:
        _print_result(result, place)
