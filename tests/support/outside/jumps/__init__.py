"""A family from outside the tree: the diffusivity of a vacancy from its jumps, and why.

It has what the contract asks and no more, without a simulation; what a model has learnt it says as
a closed form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from matops.core.data.record import Payload, Provenance, Record, make_record
from matops.core.data.split import SplitConfig
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.family import Explains, Family, FamilyConfig, Incoming, PayloadForm, SourceForm
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.training import Ensemble
from matops.core.learning.training_config import TrainingConfig
from matops.core.quality.domain import Descriptors
from matops.core.quality.gate import Gate, Measurement
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest

D = Target("D", "m^2/s", "diffusivity of the vacancy", "log10", 0.0, 1e-6)
TARGETS = (D,)
DISTANCE = Target("rms_distance", "m", "root mean square distance after a second", "log10", 0.0)
CENTRE, STRETCH = np.array([0.5, -2.0]), np.array([10.0, 1.0])
KEY, FIELDS = "jump", ("length_A", "rate_per_ps")


class Jump(NamedTuple):
    """A jump's length and rate."""

    length_A: float
    rate_per_ps: float


@dataclass(frozen=True)
class JumpsConfig(FamilyConfig):
    """The configuration; nothing is added."""


TRAINING = TrainingConfig(
    members=2, epochs=150, batch_size=16, learning_rate=5e-2, weight_decay=0.0, device="cpu"
)
CONFIG = JumpsConfig(split=SplitConfig(calibration=0.25, test=0.25), training=TRAINING)


class JumpsNetwork(nn.Module):
    """A line in the logarithms of length and rate."""

    stages = ("output",)

    def __init__(self, config: JumpsConfig) -> None:
        super().__init__()
        self.output = nn.Linear(2, 1)

    def forward(self, batch: Batch) -> Tensor:
        output: Tensor = self.output(batch["sample.logs"])
        return output


def parse(payload: Payload) -> Jump:
    content = payload.get(KEY) if isinstance(payload, Mapping) else None
    try:
        jump = Jump(*(float(content[field]) for field in FIELDS))
    except (TypeError, KeyError, ValueError):
        raise BadInput(f"a jump needs {KEY} with the numbers {' and '.join(FIELDS)}") from None
    if not all(np.isfinite(jump)) or min(jump) <= 0:
        raise BadInput(f"{' and '.join(FIELDS)} must be positive")
    return jump


def logs(samples: Sequence[Jump]) -> np.ndarray:
    return np.log10(np.array(samples, dtype=float)).reshape(-1, 2)


def record_of(entry: Entry) -> Record:
    payload = json.loads(entry.path.read_text())
    group = f"{parse(payload).length_A:.3f}"
    return make_record(group, payload, entry.values, TARGETS, entry.provenance)


class Jumps(Family[JumpsConfig, Jump], Explains[JumpsConfig]):
    """D = a² Γ / 6: Einstein, Ann. Phys. 17, 549 (1905)."""

    name = "jumps"
    title = "Diffusivity of a vacancy from its jumps"
    paper = "Einstein, Ann. Phys. 17, 549 (1905)"
    targets = TARGETS
    derived = (DISTANCE,)
    descriptor_names = ("log10 length / Å", "log10 rate / (1/ps)")
    config_type = JumpsConfig
    presets: Mapping[str, JumpsConfig] = {"demo": CONFIG, "full": CONFIG}
    sources = (SourceForm("manifest", "manifest.csv beside JSON files, with D"),)
    payload_forms = (
        PayloadForm(
            KEY,
            "length and rate of the jump",
            {"length_A": 2.5, "rate_per_ps": 0.01},
            {"type": "object", "required": list(FIELDS)},
        ),
    )
    parse = staticmethod(parse)
    network = staticmethod(JumpsNetwork)

    def read(self, source: Path, stated: Provenance) -> Incoming:
        manifest = find_manifest(source)
        if not manifest:
            raise BadInput(f"{source}: no manifest")
        return read_labelled(manifest, columns_of(TARGETS), stated, record_of)

    def featurize(self, samples: Sequence[Jump], config: JumpsConfig) -> PackedFeatures:
        near_zero = (logs(samples) - CENTRE) * STRETCH
        return PackedFeatures({"sample.logs": torch.from_numpy(near_zero).float()})

    def describe(self, samples: Sequence[Jump], features: Any) -> Descriptors:
        return Descriptors(logs(samples), [frozenset({"vacancy"})] * len(samples))

    def derive(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {DISTANCE.name: np.sqrt(6 * values[D.name])}

    def measure_physics(
        self, predict: Any, payloads: Sequence[Payload], config: JumpsConfig
    ) -> dict[str, Measurement]:
        finite = np.isfinite(predict(payloads)).mean()
        return {"physics.unphysical_share": Measurement(float(1 - finite), "1")}

    def gates(self, config: JumpsConfig) -> tuple[Gate, ...]:
        said = (("mae", "<=", 0.05, D.scaled_unit), ("coverage_high", ">=", 0.5, "1"))
        said += (("interval_half_width", "<=", 0.5, D.scaled_unit),)
        limits = [Gate(name, f"D.{name}", sign, at, unit, "toy") for name, sign, at, unit in said]
        share = Gate("physics", "physics.unphysical_share", "<=", 0.0, "1", "a logarithm is finite")
        return (*limits, share)

    def explain(self, ensemble: Ensemble, config: JumpsConfig) -> dict[str, str]:
        scale, centre = float(ensemble.scale[0]), float(ensemble.centre[0])
        mean = {
            name: torch.stack([network.state_dict()[name] for network in ensemble.networks]).mean(0)
            for name in ("output.weight", "output.bias")
        }
        a, rate = mean["output.weight"][0].numpy() * STRETCH * scale
        bias = float(mean["output.bias"]) * scale + centre - CENTRE @ [a, rate]
        return {
            "Closed form": f"D = 10^{bias:.2f} (a/Å)^{a:.2f} (Γ ps)^{rate:.2f} m^2/s < all & <b>"
        }


FAMILY = Jumps()
