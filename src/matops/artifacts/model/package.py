"""The model package: weights, card and golden requests in one directory, never a pickle."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open

from matops.artifacts.jsonfile import from_json, read_json, write_json
from matops.artifacts.model.card_file import CARD
from matops.core.data.value import Value
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.quality.card import SCHEMA_VERSION, Card
from matops.core.quality.prediction import Estimate, Prediction
from matops.families import get_family

if TYPE_CHECKING:
    from torch import Tensor

    from matops.core.learning.training import Ensemble
    from matops.core.predictor import Predictor
    from matops.core.quality.domain import Domain

WEIGHTS, GOLDEN = "weights.safetensors", "golden.json"
GOLDEN_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Golden:
    """Requests and the answers that the model gave when the package was made."""

    requests: tuple[dict[str, Any], ...]
    answers: tuple[Prediction, ...]


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def domain_tensors(domain: Domain) -> dict[str, Tensor]:
    """The domain's arrays for the weights file; those of a view by its kind and number."""
    import torch

    arrays = {"centre": domain.centre, "scale": domain.scale}
    arrays["reference"] = domain.reference.astype(np.float32)
    for number, view in enumerate(domain.views):
        kind = f"{number} {type(view).__name__}"
        arrays |= {f"{kind}/{own.name}": getattr(view, own.name) for own in fields(view)}
    return {f"domain/{name}": torch.tensor(array) for name, array in arrays.items()}


def _restore_domain(tensors: Mapping[str, Tensor], card: Card) -> Domain:
    from matops.core.quality.domain import Domain
    from matops.core.quality.views import Expectation, Nearness

    kinds = {kind.__name__: kind for kind in (Nearness, Expectation)}
    parts: dict[str, dict[str, Any]] = {"": {}}
    for name in sorted(name for name in tensors if name.startswith("domain/")):
        *view, what = name.split("/")[1:]
        parts.setdefault("/".join(view), {})[what] = tensors[name].numpy()
    arrays = parts.pop("")
    if not parts:
        raise TypeError("its domain is that of an older matops: train the model again")
    arrays["reference"] = arrays["reference"].astype(float)
    views = tuple(kinds[name.split()[1]](**parts[name]) for name in sorted(parts))
    tokens = frozenset(card.domain.tokens)
    return Domain(**arrays, views=views, threshold=card.domain.threshold, tokens=tokens)


def read_domain(directory: Path) -> Domain:
    """The domain of applicability of a package, without its networks.

    Raises:
        BadInput: the package is incomplete or damaged.
    """
    card, path = read_card(directory), directory / WEIGHTS
    if not path.is_file():
        raise BadInput(f"{path}: no such file, though the card names it")
    try:
        with safe_open(path, framework="pt") as file:
            names = [name for name in file.keys() if name.startswith("domain/")]  # noqa: SIM118
            return _restore_domain({name: file.get_tensor(name) for name in names}, card)
    except (SafetensorError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: {str(error).splitlines()[0]}") from None


def _version(card: Card, weights_hash: str) -> str:
    origin = {"data": card.data.version, "configuration": card.configuration}
    text = weights_hash + json.dumps(origin, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write_package(
    directory: Path, card: Card, ensemble: Ensemble, domain: Domain, golden: Golden
) -> Card:
    """Write a package into a new directory.

    The version is a hash of weights, data version and configuration: training the same twice
    gives the same version.

    Returns:
        The card with its version and the hashes of the other files.
    """
    from safetensors.torch import save

    directory.mkdir(parents=True)
    # save_file would keep it from all users but this one, and a server is another.
    weights = save({**ensemble.tensors(), **domain_tensors(domain)})
    (directory / WEIGHTS).write_bytes(weights)
    weights_hash = sha256(directory / WEIGHTS)
    version = _version(card, weights_hash)
    answers = tuple(replace(answer, model_version=version) for answer in golden.answers)
    write_json(directory / GOLDEN, replace(golden, answers=answers))
    files = {WEIGHTS: weights_hash, GOLDEN: sha256(directory / GOLDEN)}
    final = replace(card, version=version, files=files)
    write_json(directory / CARD, final)
    return final


def _schema_of(path: Path) -> int | None:
    """The schema that a file which does not fit ours names; None where it names none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    schema = content.get("schema_version") if isinstance(content, dict) else None
    return schema if type(schema) is int else None


def read_card(directory: Path) -> Card:
    """The card of a package.

    Raises:
        BadInput: there is none, or it does not fit the schema.
    """
    try:
        return read_json(directory / CARD, Card)
    except BadInput:
        schema = _schema_of(directory / CARD)
        if schema is not None and schema < SCHEMA_VERSION:
            raise BadInput(
                f"{directory / CARD}: schema {schema} of an older matops: train the model again"
            ) from None
        raise


def read_config(family: Family, card: Card) -> FamilyConfig:
    """The configuration with which a package was trained.

    Raises:
        BadInput: it does not fit the family's configuration.
    """
    text = json.dumps(card.configuration).encode()
    return from_json(text, family.config_type, f"{CARD}: configuration")


def check_files(directory: Path) -> Card:
    """The card of a package whose files are those that it names.

    Raises:
        BadInput: the package is incomplete or damaged.
    """
    card = read_card(directory)
    if set(card.files) != {WEIGHTS, GOLDEN}:
        raise BadInput(f"{directory / CARD}: files: {WEIGHTS} and {GOLDEN} must be named")
    for name, expected in card.files.items():
        path = directory / name
        if not path.is_file():
            raise BadInput(f"{path}: no such file, though the card names it")
        if sha256(path) != expected:
            raise BadInput(f"{path}: its SHA-256 is not the one on the card")
    if _version(card, card.files[WEIGHTS]) != card.version:
        raise BadInput(f"{directory / CARD}: version: not of this data, configuration and weights")
    return card


def load_predictor(directory: Path) -> Predictor:
    """Load a package, checking its files' hashes; golden requests are checked separately.

    Raises:
        BadInput: the package is incomplete, damaged or of another family's making.
    """
    import torch
    from safetensors.torch import load_file

    from matops.core.predictor import Predictor

    card = check_files(directory)
    family = get_family(card.family)
    config = read_config(family, card)
    torch.set_num_threads(config.training.cpu_threads)
    try:
        tensors = load_file(directory / WEIGHTS)
        ensemble = family.restore(tensors, config)
        domain = _restore_domain(tensors, card)
    except (SafetensorError, KeyError, RuntimeError, TypeError) as error:
        raise BadInput(f"{directory / WEIGHTS}: {str(error).splitlines()[0]}") from None
    return Predictor(
        family, config, ensemble, card.calibration, domain, card.version, card.data.version
    )


def read_golden(directory: Path) -> Golden:
    """The golden requests of a package and their answers."""
    return read_json(directory / GOLDEN, Golden)


def golden_difference(golden: Golden, answers: list[Prediction]) -> float:
    """Largest relative difference between the stored answers' numbers and new ones.

    That of an array is relative to its largest number, since a component may vanish by symmetry;
    answers of other shapes differ infinitely.
    """
    both = list(zip(golden.answers, answers, strict=True))
    pairs = [
        (getattr(old.estimates[name], part), getattr(new.estimates[name], part))
        for old, new in both
        for name in old.estimates
        for part in ("value", "lower", "upper")
    ]
    # One that nearly vanishes is compared beside its interval's ends.
    pairs += [
        (_with_ends(old.derived[name]), _with_ends(new.derived[name]))
        for old, new in both
        for name in old.derived
    ]
    pairs += [(old.domain_score, new.domain_score) for old, new in both]
    pairs = [pair for pair in pairs if pair != (None, None)]  # no interval out of domain
    if any(old is None or new is None or np.shape(old) != np.shape(new) for old, new in pairs):
        return math.inf
    return float(np.max([_relative_difference(*pair) for pair in pairs]))


def _with_ends(estimate: Estimate) -> Value | None:
    """Value and interval of a derived quantity; None out of domain."""
    if estimate.lower is None or estimate.upper is None:
        return None
    return [estimate.value, estimate.lower, estimate.upper]


def _relative_difference(old: Value, new: Value) -> float:
    return float(np.max(np.abs(np.subtract(new, old))) / np.maximum(np.max(np.abs(old)), 1e-12))


def load_checked(directory: Path) -> Predictor:
    """Load a package and re-run its golden requests, as every server does before it is ready.

    Raises:
        BadInput: the package is damaged, or its answers are no longer those it was made with.
    """
    predictor = load_predictor(directory)
    golden = read_golden(directory)
    if not golden.requests or len(golden.requests) != len(golden.answers):
        raise BadInput(f"{directory / GOLDEN}: not one answer to each of one or more requests")
    difference = golden_difference(golden, predictor.predict(golden.requests))
    if not difference <= GOLDEN_TOLERANCE:
        raise BadInput(
            f"{directory / GOLDEN}: answers differ from the stored ones by {difference:.1e}"
        )
    return predictor
