"""A family's training on its own example, in one process or in each of several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from matops.core.errors import BadInput
from matops.families import get_family
from tests.support.rank_process import Results

ROWS = 8


def answers_of(name: str, directory: Path) -> Results:
    """What a network answers after two steps, and its losses.

    No more: the examples are few and alike, so that norms blow up what rounding leaves of them.
    """
    family = get_family(name)
    demo = family.preset("demo")
    training = replace(demo.training, epochs=2, batch_size=ROWS, device="cpu")
    config = replace(demo, training=training)
    payloads = [dict(family.load_request(family.write_example(directory)))]
    for form in family.payload_forms:
        try:
            family.parse({form.key: form.example})
        except BadInput:
            continue
        payloads.append({form.key: form.example})
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    features = family.featurize(samples, config)
    truth = torch.linspace(-1, 1, ROWS * len(family.targets)).reshape(ROWS, -1)
    network, log = family.fit_member(features, truth, config)
    with torch.inference_mode():
        answers = network(features.batch(torch.arange(ROWS)))
    return {"answers": answers, "losses": torch.tensor([entry.loss for entry in log])}
