"""Asking a model about files, whether it is a package here or a server somewhere."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from matops.artifacts.model.package import load_checked
from matops.client import Client
from matops.core.data.record import Payload, Quarantined
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction
from matops.families import get_family


def _is_url(package: str) -> bool:
    return package.startswith(("http://", "https://"))


Ask = Callable[[Sequence[Payload]], list[Prediction]]


class Asker:
    """A model to ask: a package loaded here, or a server."""

    def __init__(self, package: str) -> None:
        if _is_url(package):
            client = Client(package)
            self.family = get_family(client.model())
            self._ask: Ask = client.predict
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
