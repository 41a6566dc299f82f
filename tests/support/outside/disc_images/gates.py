"""What a model of discs must satisfy: errors, honest intervals, and forces that turn along."""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from disc_images.config import DiscConfig
from disc_images.data import TARGETS, encode
from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement

LIMITS = {"tortuosity": (0.02, 0.1), "D_eff": (0.02, 0.1), "force": (0.1, 0.5)}
"""Mean absolute error and median half width of the intervals, on the learning scale."""
TOY = "formulas without noise"
NEWTON = "an image that is turned by half a turn has its forces turned; Newton's third law"


def turned(payload: Payload) -> dict[str, str]:
    """The image after half a turn: the same discs in the opposite reading order."""
    with Image.open(BytesIO(base64.b64decode(payload["png"]))) as image:
        return encode(np.asarray(image.convert("L"))[::-1, ::-1] < 128)


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: DiscConfig
) -> dict[str, Measurement]:
    """How far forces fail to turn along, and how far they fail to cancel."""
    change, rest = [], []
    for payload in payloads:
        before, after = predict([payload], "atom"), predict([turned(payload)], "atom")
        change.append(np.abs(_sorted(before) - _sorted(-after)).max())
        rest.append(np.abs(before.sum(axis=0)).max())
    n = len(payloads)
    return {
        "physics.turned_force": Measurement(float(np.max(change)), "eV/Å", rows=n),
        "physics.net_force": Measurement(float(np.max(rest)), "eV/Å", rows=n),
    }


def _sorted(forces: Any) -> Any:
    return forces[np.lexsort(forces.T)]


def gates(config: DiscConfig) -> tuple[Gate, ...]:
    """Error, coverage and width of each target, and two laws of mechanics."""
    by_target = [
        gate
        for target in TARGETS
        for error, width in [LIMITS[target.name]]
        for gate in (
            Gate(
                f"{target.name} error", f"{target.name}.mae", "<=", error, target.scaled_unit, "toy"
            ),
            Gate(
                f"{target.name} interval coverage",
                f"{target.name}.coverage_high",
                ">=",
                config.evaluation.coverage,
                "1",
                "largest coverage that chance could show",
            ),
            Gate(
                f"{target.name} interval width",
                f"{target.name}.interval_half_width",
                "<=",
                width,
                target.scaled_unit,
                "intervals must be of use",
            ),
        )
    ]
    return (
        *by_target,
        Gate("forces turn along", "physics.turned_force", "<=", 1e-3, "eV/Å", NEWTON),
        Gate("forces cancel", "physics.net_force", "<=", 1e-3, "eV/Å", NEWTON),
    )
