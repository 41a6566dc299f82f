"""A family under test: its example, and a model that is trained in no time."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matops.core.data.record import Payload
from matops.core.data.tables import Tables
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.learning.features import PackedFeatures
from matops.core.learning.scaling import standardise
from matops.core.learning.training import Ensemble

ROWS = 6
MEMBERS = 2
EPOCHS = 2


@dataclass(frozen=True)
class Case:
    """What the tests of a family share."""

    # the example file's, and those documented ones that are whole samples
    payloads: tuple[Payload, ...]
    config: FamilyConfig  # the demo preset with a training that takes no time
    features: PackedFeatures  # of the payloads over and over, ``ROWS`` samples


@cache
def case_of(family: Family) -> Case:
    """The case of a family, made once."""
    with TemporaryDirectory() as directory:
        payloads = [dict(family.load_request(family.write_example(Path(directory))))]
    for form in family.payload_forms:
        try:
            family.parse({form.key: form.example})
        except BadInput:
            continue
        payloads.append({form.key: form.example})
    demo = family.preset("demo")
    training = replace(demo.training, members=MEMBERS, epochs=EPOCHS, device="cpu")
    config = replace(demo, training=training)
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    return Case(tuple(payloads), config, family.featurize(samples, config))


@cache
def ensemble_of(family: Family) -> Ensemble:
    """A tiny ensemble, trained on the example over and over with made-up labels."""
    case = case_of(family)
    spread = np.random.default_rng(0).normal(size=(ROWS, len(family.targets)))
    labels = Tables(family.targets, {"sample": typical_scaled(family) + 0.1 * spread})
    scaling = standardise(labels)
    standard = scaling.standard(labels)
    fitted = [family.fit_member(case.features, standard, case.config, i) for i in range(MEMBERS)]
    for _, log in fitted:
        assert [entry.epoch for entry in log] == list(range(EPOCHS))
    return Ensemble([network for network, _ in fitted], scaling.centre, scaling.scale)


def standard_targets(family: Family) -> Tensor:
    """Made-up labels, shape (ROWS, n_targets)."""
    return torch.linspace(-1, 1, ROWS * len(family.targets)).reshape(ROWS, -1)


def typical(family: Family) -> dict[str, float]:
    """A physical value of each target."""
    values = {}
    for target in family.targets:
        low = 0.0 if target.lower is None else target.lower
        high = low + 10.0 if target.upper is None else target.upper
        values[target.name] = low + (high - low) / 7
    return values


def typical_scaled(family: Family) -> NDArray[np.float64]:
    """The same on the learning scales, shape (n_targets,)."""
    values = typical(family)
    return np.array([float(t.to_scale(np.asarray(values[t.name]))) for t in family.targets])


def seasoned(family: Family, config: FamilyConfig, features: PackedFeatures) -> nn.Module:
    """A network whose running statistics are not those of a fresh one, in evaluation mode."""
    torch.manual_seed(0)
    network = family.network(config).train()
    with torch.no_grad():
        for _ in range(3):
            network(features.batch(torch.arange(len(features))))
    return network.eval()


def answers(network: nn.Module, features: PackedFeatures) -> NDArray[np.float64]:
    """A network's answers, shape (n, n_targets)."""
    with torch.no_grad():
        output: Tensor = network(features.batch(torch.arange(len(features))))
        return np.asarray(output.double().numpy())
