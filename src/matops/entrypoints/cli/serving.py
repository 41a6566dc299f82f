"""Commands that answer requests."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from matops.artifacts.package import load_checked
from matops.core.errors import BadInput
from matops.core.prediction import Prediction
from matops.core.record import Payload, Quarantined
from matops.entrypoints.cli.options import Files, Json, Package
from matops.entrypoints.cli.output import print_json, print_refusals, screen
from matops.families import get_family


def serve(
    package: Annotated[Path, typer.Argument(help="Directory of a model package")],
    port: Annotated[int, typer.Option(help="HTTP port")] = 8080,
    grpc_port: Annotated[int | None, typer.Option(help="gRPC port; none by default")] = None,
) -> None:
    """Serve a package with KServe: V1 and Open Inference (V2) protocols, until interrupted.

    The package's golden requests are re-run before the server answers anything.
    """
    predictor = load_checked(package)
    from matops.adapters.kserve_model import serve as start

    start(predictor, port, grpc_port)


def _is_url(package: str) -> bool:
    return package.startswith(("http://", "https://"))


Ask = Callable[[Sequence[Payload]], list[Prediction]]


class Asker:
    """A model to ask: a package loaded here, or a server."""

    def __init__(self, package: str) -> None:
        if _is_url(package):
            from matops.adapters.model_client import ask_server, served_family

            name = served_family(package)
            self.family = get_family(name)
            self._ask: Ask = partial(ask_server, package, name)
        else:
            predictor = load_checked(Path(package))
            self.family = predictor.family
            self._ask = predictor.predict

    def ask(self, files: Sequence[Path]) -> tuple[dict[Path, Prediction], list[Quarantined]]:
        """Predictions of the good files, and the refused ones with their reasons."""
        answers, refused = {}, []
        for path in files:
            try:
                answers[path] = self._one(self.family.load_request(path))
            except BadInput as error:
                reason = str(error).removeprefix(f"{path}: ")
                refused.append(Quarantined(str(path), reason))
        return answers, refused

    def _one(self, payload: Payload) -> Prediction:
        return self._ask([payload])[0]


def prediction_table(answers: dict[Path, Prediction]) -> Table:
    """One row a file and property."""
    table = Table()
    for column in ("file", "property", "value", "interval", "unit", "domain"):
        table.add_column(column)
    for path, prediction in answers.items():
        unseen = f", unseen: {' '.join(prediction.unseen)}" if prediction.unseen else ""
        place = "OUTSIDE" if prediction.out_of_domain else "inside"
        domain = f"{place} ({prediction.domain_score:.2f}{unseen})"
        for name, e in prediction.estimates.items():
            interval = f"{e.lower:.4g} to {e.upper:.4g}"
            table.add_row(path.name, name, f"{e.value:.4g}", interval, e.unit, domain)
        for name, q in prediction.derived.items():
            table.add_row(path.name, name, f"{q.value:.4g}", "", q.unit.replace("1", ""), "")
    return table


def predict(package: Package, files: Files, as_json: Json = False) -> None:
    """Predict properties of samples in files, with intervals and domain of applicability.

    A file that can't be used is named with its reason; the others are answered, and the exit
    status is 2.
    """
    answers, refused = Asker(package).ask(files)
    print_refusals(refused)
    if as_json:
        print_json({str(path): asdict(prediction) for path, prediction in answers.items()})
    elif answers:
        screen.print(prediction_table(answers))
        one = next(iter(answers.values()))
        print(f"intervals cover {one.coverage:.0%}; model {one.model_version}", file=sys.stderr)
    if refused:
        raise typer.Exit(2)


COMMANDS = (serve, predict)
