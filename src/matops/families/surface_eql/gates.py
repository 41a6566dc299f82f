"""What a model of surface elasticity must satisfy before it is released."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement, gates_of_target
from matops.families.surface_eql.about import TARGETS, UNIT
from matops.families.surface_eql.config import SurfaceConfig
from matops.families.surface_eql.surfaces.bulk import Bulk
from matops.families.surface_eql.surfaces.point_group import AXES, VANISH
from matops.families.surface_eql.surfaces.surface import SURFACE_OF_BULK, parse_surface
from matops.physics.arrays import FloatArray

NAMES = [target.name for target in TARGETS]
FINENESS = 6
"""Indices up to it, of the orientations on which energies must be positive."""

CUBE = "a cube turned or mirrored by one of its 48 symmetries is the same"
POSITIVE = "a crystal that gains by being cut is none"
POINT_GROUP = "a tensor has no part that the surface's own axis would turn into another one"


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: SurfaceConfig
) -> dict[str, Measurement]:
    """Symmetry of the cube, positive energies, and what the surface's point group forbids."""
    surfaces = [parse_surface(payload) for payload in payloads]
    turned = [_payload(_turned(s.hkl, number), s.bulk) for number, s in enumerate(surfaces)]
    change = float(np.abs(predict(turned) - predict(payloads)).max())
    crystals = list(dict.fromkeys(surface.bulk for surface in surfaces))
    return {
        "invariance.cube": Measurement(change, UNIT, rows=len(surfaces)),
        "physics.negative_share": _negative_share(predict, crystals),
        "physics.forbidden": _forbidden(predict, crystals),
    }


def surface_gates(config: SurfaceConfig) -> tuple[Gate, ...]:
    """Errors, intervals, physics and time."""
    limits, coverage = config.limits, config.evaluation.coverage
    gates = [
        gate
        for target, mae in zip(TARGETS, limits.mae, strict=True)
        for gate in gates_of_target(
            target.name, UNIT, mae, limits.half_width * mae, coverage, limits.source
        )
    ]
    return (
        *gates,
        Gate("cubic symmetry", "invariance.cube", "<=", limits.symmetry, UNIT, CUBE),
        Gate("positive energy", "physics.negative_share", "<=", 0.0, "1", POSITIVE),
        Gate("symmetry zeros", "physics.forbidden", "<=", limits.symmetry, UNIT, POINT_GROUP),
        Gate("latency", "latency.p95", "<=", limits.latency_ms, "ms", "a person waits"),
    )


def _payload(hkl: Sequence[int], bulk: Bulk) -> dict[str, Any]:
    return {SURFACE_OF_BULK: {"hkl": list(hkl), "bulk": bulk._asdict()}}


def _turned(hkl: tuple[int, int, int], number: int) -> list[int]:
    """Indices in another order and with other signs, each surface's its own."""
    rng = np.random.default_rng(number)
    signed = rng.permutation(hkl) * rng.choice([-1, 1], 3)
    return [int(index) for index in signed]


def _negative_share(predict: PredictScaled, crystals: Sequence[Bulk]) -> Measurement:
    some = range(FINENESS + 1)
    triangle = [(h, k, l) for h in some[1:] for k in some[: h + 1] for l in some[: k + 1]]  # noqa: E741
    answers = predict([_payload(hkl, bulk) for bulk in crystals for hkl in triangle])
    # Not a number is not positive either.
    wrong = ~(answers[:, NAMES.index("gamma0")] > 0)
    return Measurement(float(wrong.mean()), "1", rows=len(wrong))


def _forbidden(predict: PredictScaled, crystals: Sequence[Bulk]) -> Measurement:
    largest: list[FloatArray] = []
    for axis, hkl in AXES.items():
        answers = predict([_payload(hkl, bulk) for bulk in crystals])
        columns = [NAMES.index(name) for name, axes in VANISH.items() if axis in axes]
        largest.append(np.abs(answers[:, columns]).max())
    return Measurement(float(np.max(largest)), UNIT, rows=len(AXES) * len(crystals))
