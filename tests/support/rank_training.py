"""A family's training on its own example, in one process or in each of several."""

from __future__ import annotations

from dataclasses import replace

import torch

from matops.families import get_family
from matops.testing.case import whole_payloads
from tests.support.rank_process import Results

ROWS = 8


def answers_of(name: str) -> Results:
    """What a network answers after two steps, and its losses.

    No more: the examples are few and alike, so that norms blow up what rounding leaves of them.
    """
    family = get_family(name)
    demo = family.preset("demo")
    training = replace(demo.training, epochs=2, batch_size=ROWS, device="cpu")
    config = replace(demo, training=training)
    payloads = whole_payloads(family)
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    features = family.featurize(samples, config)
    truth = torch.linspace(-1, 1, ROWS * len(family.targets)).reshape(ROWS, -1)
    network, log = family.fit_member(features, truth, config)
    with torch.inference_mode():
        answers = network(features.batch(torch.arange(ROWS)))
    return {"answers": answers, "losses": torch.tensor([entry.loss for entry in log])}
