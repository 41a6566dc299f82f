"""A model to ask, whether it is a package here, in a bucket, or on a server somewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast, overload

from matops.artifacts.model.card_file import CARD, check_is_package
from matops.client.clients import Client
from matops.client.samples import Accepted, Payload, Sample, to_payloads
from matops.core.data.payloads import is_json, with_species
from matops.core.data.record import Quarantined
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction

if TYPE_CHECKING:
    from matops.core.predictor import Predictor


@dataclass(frozen=True)
class Model:
    """A model that answers."""

    accepted: Accepted  # what it takes
    # of a sample, whose atom types may have given elements; a package's are made by its family
    payloads: Callable[[Sample, Sequence[str]], list[Payload]]
    answer: Callable[[Sequence[Payload]], list[Prediction]]  # predictions of payloads, in order

    @overload
    def predict(self, x: Sample) -> Prediction: ...  # type: ignore[overload-overlap]  # a str is one

    @overload
    def predict(self, x: Sequence[Sample]) -> list[Prediction]: ...

    def predict(self, x: Sample | Sequence[Sample]) -> Prediction | list[Prediction]:
        """The prediction of a sample, or those of several in order.

        Args:
            x: a pymatgen structure, ASE's atoms, the path of a file, or a payload; or a list of
                these, in which a file may hold several samples.

        Raises:
            BadInput: a sample is not valid, or can't be asked about.
        """
        if isinstance(x, list | tuple):
            payloads = [payload for sample in x for payload in self.payloads(sample, ())]
            return self.answer(payloads) if payloads else []
        payloads = self.payloads(cast(Sample, x), ())
        if len(payloads) != 1:
            raise BadInput(f"{x}: holds {len(payloads)} samples; ask for a list, as in [path]")
        return self.answer(payloads)[0]


def is_url(where: str) -> bool:
    """Whether an address is that of a server."""
    return where.startswith(("http://", "https://"))


def load(where: str | Path) -> Model:
    """A model by the directory of its package, its address on S3, or the URL of its server.

    Raises:
        BadInput: there is no such package or server, or the package is damaged, or not trusted.
    """
    named = str(where)
    if is_url(named):
        return _on_server(Client(named))
    if named.startswith("s3://"):
        return _in_bucket(named)
    from matops.entrypoints.packages import check_trusted

    check_is_package(Path(named))
    return _here(check_trusted(Path(named)))


def ask_about_files(
    where: str, files: Sequence[Path], species: Sequence[str] = ()
) -> tuple[dict[str, Prediction], list[Quarantined]]:
    """Predictions of the good files by name, and the refused ones with their reasons.

    A package is loaded only where there is a file to ask it about. ``species`` has the chemical
    symbol of each atom type, for files that don't say it.
    """
    is_loaded = is_url(where) or any(path.is_file() for path in files)
    model = load(where) if is_loaded else None
    answers: dict[str, Prediction] = {}
    refused = []
    for path in files:
        try:
            if model is None:
                raise BadInput("no such file")
            answers |= _named(path, model.answer(model.payloads(path, species)))
        except BadInput as error:
            refused.append(Quarantined(str(path), str(error).removeprefix(f"{path}: ")))
    return answers, refused


def _named(path: Path, predictions: list[Prediction]) -> dict[str, Prediction]:
    if len(predictions) == 1:
        return {str(path): predictions[0]}
    return {f"{path}[{row}]": prediction for row, prediction in enumerate(predictions)}


def _on_server(client: Client) -> Model:
    accepted = client.accepted()

    def payloads(sample: Sample, species: Sequence[str]) -> list[Payload]:
        return [with_species(each, species) for each in to_payloads(sample, accepted)]

    return Model(accepted, payloads, client.predict)


def _in_bucket(address: str) -> Model:
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import package_bucket

    place, _, version = address.rstrip("/").rpartition("/")
    with TemporaryDirectory() as temporary:
        package = Path(temporary, "package")
        if not package_bucket(read_settings(), place).fetch(version, package):
            raise BadInput(f"{address}/{CARD}: no such package")
        return _here(package)


def _here(directory: Path) -> Model:
    from matops.artifacts.model.package import load_checked

    predictor = load_checked(directory)
    accepted = Accepted(predictor.family.payload_forms)
    return Model(accepted, partial(_payloads, predictor), predictor.predict)


def _payloads(predictor: "Predictor", sample: Sample, species: Sequence[str]) -> list[Payload]:
    """By the family's own door, which knows more of files than its forms say."""
    family = predictor.family
    if isinstance(sample, str | Path) and not is_json(Path(sample)):
        return [family.load_request(Path(sample), species)]
    samples = to_payloads(sample, Accepted(family.payload_forms))
    return [with_species(each, species) for each in samples]
