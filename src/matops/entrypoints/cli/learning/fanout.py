"""Results of the pipelines that split their work into shards."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from matops.entrypoints.cli.output import print_json, screen, side

if TYPE_CHECKING:
    from matops.entrypoints.pipelines.local_runs import PipelineRequest


def simulate(request: "PipelineRequest", as_json: bool) -> bool:
    """Run the campaign, and print the version of the data."""
    version = _outputs("simulate", request)["dataset"].metadata["version"]
    if as_json:
        print_json({"family": request.family, "version": version})
    else:
        screen.print(f"{request.family} {version}", highlight=False, soft_wrap=True)
    return True


def screen_designs(request: "PipelineRequest", as_json: bool) -> bool:
    """Run the screening, and print where its result lies."""
    result = _outputs("screen_designs", request)["result"]
    counts = {name: int(value) for name, value in sorted(result.metadata.items())}
    summary = {**counts, "directory": str(Path(result.path))}
    if as_json:
        print_json(summary)
    else:
        for name, value in summary.items():
            screen.print(f"{name}: {value}", highlight=False, soft_wrap=True)
    return True


def _outputs(pipeline: str, request: "PipelineRequest") -> dict[str, Any]:
    from matops.entrypoints.pipelines.local_runs import run_here
    from matops.entrypoints.progress import StepBars

    with StepBars(side) as bars:
        return run_here(pipeline, request, bars.listen)
