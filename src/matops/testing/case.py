"""A family under test: its example, and a model that is trained in no time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from matops.core.data.record import Payload
from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target, axis_order
from matops.core.data.value import Value
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.learning.features import PackedFeatures
from matops.core.learning.scaling import standardise
from matops.core.learning.training import Answer, Ensemble, by_axis

ROWS = 6
MEMBERS = 2
EPOCHS = 2

Numbers = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class Case:
    """What the tests of a family share."""

    # the example file's, and those documented ones that are whole samples
    payloads: tuple[Payload, ...]
    config: FamilyConfig  # the demo preset with a training that takes no time
    features: PackedFeatures  # of the payloads over and over, ``ROWS`` samples


def whole_payloads(family: Family) -> list[Payload]:
    """The example file's payload, and those documented ones that are whole samples."""
    with TemporaryDirectory() as directory:
        payloads: list[Payload] = [family.load_request(family.write_example(Path(directory)))]
    for form in family.payload_forms:
        try:
            family.parse({form.key: form.example})
        except BadInput:
            continue
        payloads.append({form.key: form.example})
    return payloads


@cache
def case_of(family: Family) -> Case:
    """The case of a family, made once."""
    payloads = whole_payloads(family)
    demo = family.preset("demo")
    training = replace(demo.training, members=MEMBERS, epochs=EPOCHS, device="cpu")
    config = replace(demo, training=training)
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    return Case(tuple(payloads), config, family.featurize(samples, config))


@cache
def ensemble_of(family: Family) -> Ensemble:
    """A tiny ensemble, trained on the example over and over with made-up labels."""
    case, rng = case_of(family), np.random.default_rng(0)
    labels = typical_tables(family, case.features).each(
        lambda table: table + 0.1 * rng.normal(size=table.shape)
    )
    scaling = standardise(labels)
    standard = scaling.standard(labels)
    fitted = [family.fit_member(case.features, standard, case.config, i) for i in range(MEMBERS)]
    for _, log in fitted:
        assert [entry.epoch for entry in log] == list(range(EPOCHS))
    return Ensemble([network for network, _ in fitted], scaling.centre, scaling.scale)


def standard_targets(family: Family) -> Answer:
    """Made-up labels of the case's features as a network is to answer them."""
    shapes = typical_tables(family, case_of(family).features).of_axis
    made_up = {a: torch.linspace(-1, 1, t.size).reshape(t.shape) for a, t in shapes.items()}
    return made_up[SAMPLE_AXIS] if set(made_up) == {SAMPLE_AXIS} else made_up


def typical_tables(family: Family, features: PackedFeatures) -> Tables:
    """A physical value of each target for each row of some samples, on the learning scales.

    Vectors and tensors without a bound are zero, which every turn of the axes leaves as it is.
    """
    counts = {t.axis: features.rows[t.axis] for t in family.targets if t.axis != SAMPLE_AXIS}
    tables = {}
    for axis in axis_order(target.axis for target in family.targets):
        rows = len(features) if axis == SAMPLE_AXIS else int(counts[axis].sum())
        columns = [_typical(t) for t in family.targets if t.axis == axis for _ in range(t.size)]
        tables[axis] = np.tile(np.array(columns), (rows, 1))
    return Tables(family.targets, tables, counts).to_scale()


def _typical(target: Target) -> float:
    if target.shape and target.lower is None and target.upper is None:
        return 0.0
    low = 0.0 if target.lower is None else target.lower
    high = low + 10.0 if target.upper is None else target.upper
    return low + (high - low) / 7


def typical(family: Family) -> dict[str, Value]:
    """The same for the example, in the targets' units."""
    tables = typical_tables(family, case_of(family).features).from_scale()
    return {target.name: tables.values(target)[0] for target in family.targets}


def seasoned(family: Family, config: FamilyConfig, features: PackedFeatures) -> nn.Module:
    """A network whose running statistics are not those of a fresh one, in evaluation mode."""
    torch.manual_seed(0)
    network = family.network(config).train()
    with torch.no_grad():
        for _ in range(3):
            network(features.batch(torch.arange(len(features))))
    return network.eval()


def answers(network: nn.Module, features: PackedFeatures) -> Numbers:
    """All numbers of a network's answer to each sample: of the sample, of its first row, ..."""
    with torch.no_grad():
        output = by_axis(network(features.batch(torch.arange(len(features)))))
    parts = []
    for axis, table in output.items():
        counts = np.ones(len(features), int) if axis == SAMPLE_AXIS else features.rows[axis]
        parts.append(np.split(table.double().numpy(), np.cumsum(counts)[:-1]))
    return [np.concatenate([rows.ravel() for rows in own]) for own in zip(*parts, strict=True)]


def differ_most(some: Numbers, others: Numbers) -> float:
    """Largest difference between two lists of answers, one by one."""
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))
