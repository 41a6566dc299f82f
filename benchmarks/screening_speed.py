"""Speed of a screening: designs per second, in all and by stage.

    python -m benchmarks.screening_speed [--package PACKAGE] [--count 2000] [--workers 2]

PACKAGE is a directory of a model package whose family generates designs. Without one, the networks
of the family's preset ``full`` have random weights, which are as fast as trained ones. The table
says what was measured; the line below it says what follows for 100,000 designs, and that it is
extrapolated.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import torch
import typer
from rich.console import Console

from matops.artifacts.configuration import resolve_config
from matops.artifacts.exploring.screening_result import ScreeningResult
from matops.artifacts.model.package import read_card
from matops.core.exploring.screening import STAGES
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import fit_domain
from matops.core.quality.uncertainty import Conformal
from matops.entrypoints.progress import StepBars
from matops.families import get_family
from matops.steps.exploring.screen import LoadPackage, Screening, make_plan, run_screening
from matops.steps.exploring.screen_part import Load, designing

FAMILY = "nanoporous_cnn3d"
PROMISED = 100_000
DOMAIN_ROWS = 500


@dataclass(frozen=True)
class LoadUntrained:
    """Makes a model with random weights."""

    family: str

    def __call__(self) -> Predictor:
        """The predictor, with a domain of some designs of its own."""
        family = get_family(self.family)
        config = resolve_config(family, "full", {})
        targets, properties = len(family.targets), len(family.properties)
        design = designing(family).design
        designs = [family.parse(design(i, 1, config)) for i in range(DOMAIN_ROWS)]
        networks = [family.network(config).eval() for _ in range(config.training.members)]
        return Predictor(
            family=family,
            config=config,
            ensemble=Ensemble(networks, torch.zeros(targets), torch.ones(targets)),
            conformal=Conformal(0.9, (0.1,) * properties, ((1.0,),) * properties, 1, 1),
            domain=fit_domain(family.describe(designs, family.featurize(designs, config))),
            model_version="with random weights",
            dataset_version="",
        )


def ask(load: Load, count: int) -> Screening:
    """A screening of the designs that the model's own configuration describes."""
    model = load()
    return Screening(
        family=model.family,
        load=load,
        plan=make_plan(model.family, model.model_version, model.config, 0, count),
        config=model.config,
        merit=designing(model.family).objectives.merit(),
        coverage=model.conformal.coverage,
    )


def print_table(result: ScreeningResult, seconds: float, workers: int) -> None:
    """What each stage takes of one process, and what all take by the clock."""
    count = result.plan.count
    print("| stage | what it covers | ms a design, one process | designs/s, one process |")
    print("|---|---|---|---|")
    for stage, covers in STAGES.items():
        taken = result.seconds[stage]
        print(f"| {stage} | {covers} | {1e3 * taken / count:.3f} | {count / taken:,.0f} |")
    busy = sum(result.seconds.values())
    print(f"| all stages | | {1e3 * busy / count:.3f} | {count / busy:,.1f} |")
    # Parts of a short run don't fill all processes to the end, so this counts as start and end.
    rest = seconds - busy / workers
    print(
        f"\n{count:,} designs in {seconds:.1f} s by the clock with {workers} processes: "
        f"{count / seconds:,.1f} designs/s, of which {rest:.1f} s are start and end."
    )
    minutes = (rest + busy / workers * PROMISED / count) / 60
    print(f"Extrapolated, not measured: {PROMISED:,} designs in {minutes:.1f} min.")


def main(
    package: Annotated[Path | None, typer.Option(help="Directory of a model package")] = None,
    family: Annotated[str, typer.Option(help="Whose designs, without a package")] = FAMILY,
    count: Annotated[int, typer.Option(help="Designs")] = 2000,
    workers: Annotated[int, typer.Option(help="Processes, one thread each")] = 2,
) -> None:
    """Print designs per second, in all and by stage."""
    trained = LoadPackage(package, read_card(package).version) if package else None
    asked = ask(trained or LoadUntrained(family), count)
    with TemporaryDirectory() as directory, StepBars(Console(stderr=True)) as bars:
        start = time.perf_counter()
        result = run_screening(asked, Path(directory), workers, bars.report).result
        seconds = time.perf_counter() - start
    print(f"{asked.family.name} {asked.plan.model_version}, seed 0\n")
    print_table(result, seconds, workers)


if __name__ == "__main__":
    typer.run(main)
