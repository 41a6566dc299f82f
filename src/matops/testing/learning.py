"""How a family learns: features, batches, training that can be interrupted."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from matops.artifacts.model.checkpoint import decode_checkpoint, encode_checkpoint
from matops.core.family import Family
from matops.core.learning.checkpoint import Checkpoint, TrainingStopped
from matops.core.learning.features import PackedFeatures
from matops.testing.case import (
    ROWS,
    answers,
    case_of,
    differ_most,
    seasoned,
    standard_targets,
    typical_tables,
)


class _StopsOnce:
    """Keeps checkpoints as files would, and asks for a stop before a given step."""

    def __init__(self, stop_at: int) -> None:
        self.steps_left = stop_at
        self.kept = b""

    def latest(self) -> Checkpoint | None:
        return decode_checkpoint(self.kept, "key", "kept") if self.kept else None

    def due(self) -> bool:
        return False

    def stopping(self) -> bool:
        self.steps_left -= 1
        return self.steps_left == 0

    def save(self, checkpoint: Checkpoint) -> None:
        self.kept = encode_checkpoint(checkpoint, "key")


class Learns:
    """Features and training."""

    def test_example_goes_through_the_network(self, family: Family) -> None:
        case = case_of(family)
        features = family.featurize([family.parse(case.payloads[0])], case.config)
        [output] = answers(family.network(case.config).eval(), features)
        assert len(output) == sum(
            table.size for table in typical_tables(family, features).of_axis.values()
        )
        assert np.isfinite(output).all()

    def test_batch_is_answered_like_each_sample_alone(self, family: Family) -> None:
        case = case_of(family)
        samples = [family.parse(payload) for payload in (*case.payloads, *case.payloads[::-1])]
        together = family.featurize(samples, case.config)
        network = seasoned(family, case.config, together)
        alone = [answers(network, family.featurize([s], case.config))[0] for s in samples]
        assert differ_most(answers(network, together), alone) < 1e-4

    def test_packing_survives_a_flat_file(self, family: Family) -> None:
        case = case_of(family)
        features = family.featurize([family.parse(p) for p in case.payloads], case.config)
        assert len(features) == len(case.payloads)
        # Files of tensors take no others.
        assert all(tensor.is_contiguous() for tensor in features.flat().values())
        assert dict(features.pointers) == dict(family.pointers)
        again = PackedFeatures.from_flat(features.flat(), family.pointers)
        network = seasoned(family, case.config, features)
        assert differ_most(answers(network, again), answers(network, features)) == 0
        backwards = torch.arange(len(features) - 1, -1, -1)
        taken = answers(network, features.take(backwards))
        assert differ_most(taken, answers(network, features)[::-1]) < 1e-5

    def test_payload_survives_json(self, family: Family) -> None:
        case = case_of(family)
        for payload in case.payloads:
            again = json.loads(json.dumps(payload, allow_nan=False))
            one, other = (
                family.featurize([family.parse(p)], case.config).flat() for p in (payload, again)
            )
            assert all(torch.equal(one[name], other[name]) for name in one)

    def test_training_twice_gives_the_same_weights(self, family: Family) -> None:
        case = case_of(family)
        fit = partial(family.fit_member, case.features, standard_targets(family), case.config)
        first, again, other = (dict(fit(member)[0].state_dict()) for member in (0, 0, 1))
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)

    @pytest.mark.parametrize("stop_at", [1, 3])
    def test_an_interrupted_training_ends_as_an_unbroken_one(
        self, family: Family, stop_at: int
    ) -> None:
        case = case_of(family)
        training = replace(case.config.training, batch_size=ROWS // 2)
        config = replace(case.config, training=training)
        fit = partial(family.fit_member, case.features, standard_targets(family), config)
        network, log = fit()
        checkpoints = _StopsOnce(stop_at)
        with pytest.raises(TrainingStopped):
            fit(checkpoints=checkpoints)
        assert checkpoints.kept
        resumed, resumed_log = fit(checkpoints=checkpoints)
        weights, again = network.state_dict(), resumed.state_dict()
        assert all(torch.equal(weights[name], again[name]) for name in weights)
        assert resumed_log == log
