"""What a model of effective diffusivity must satisfy before it is released."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from matops.core.data.record import Payload
from matops.core.family import PredictScaled
from matops.core.quality.gate import Gate, Measurement, gates_of_target
from matops.families.diffusivity_cnn2d.about import TARGETS
from matops.families.diffusivity_cnn2d.config import DiffusivityConfig
from matops.families.diffusivity_cnn2d.images.pore_image import (
    LARGEST_EDGE,
    PoreImage,
    doubled,
    parse_image,
    write_payload,
)
from matops.families.diffusivity_cnn2d.simulation import label_pores
from matops.physics.arrays import BoolArray, FloatArray
from matops.physics.axes import mean_and_anisotropy
from matops.physics.effective_media import series_bound

SCALED_UNIT = TARGETS[0].scaled_unit
OPENED = 0.02
"""Share of the pixels by which pores are widened."""
ROUNDING = 1e-5
"""Relative: answers are in single precision."""
LEAST_UPSCALED = 0.02
"""De/D0 below which finer pixels are not asked for: throats of a pixel are no rule."""

COLUMNS = "columns in series: concentrations that depend on x alone are a trial field"
NO_WAY = "nothing diffuses through a wall"
DIRICHLET = "Dirichlet's principle: an added pore can't lower a flux"
TRANSPOSED = "the transposed image has the same diffusivities along the other axes"
MIRRORED = "a mirrored image has the same diffusivities"
FINER = "finer pixels show the same structure; what finite volumes change by is taken out"

Answers = FloatArray
"""De/D0 along x and y, shape (n, 2)."""
Scaled = Callable[[Sequence[BoolArray]], FloatArray]
"""Images to answers on the learning scale, shape (n, 2)."""


def measure_physics(
    predict: PredictScaled, payloads: Sequence[Payload], config: DiffusivityConfig
) -> dict[str, Measurement]:
    """Bound, walls, added pores, symmetries, finer pixels."""
    images = [parse_image(payload).pores for payload in payloads]

    def scaled(changed: Sequence[BoolArray]) -> FloatArray:
        return np.concatenate([predict([write_payload(pores)]) for pores in changed])

    before = scaled(images)
    answers, n = _physical(before), len(images)
    widened = _physical(scaled([opened(pores) for pores in images]))
    excess = answers > _bounds(images) * (1 + ROUNDING)
    lowered = widened < answers * (1 - ROUNDING)
    # Not a number is neither above nor below: it is wrong, whatever is asked.
    wrong = ~np.isfinite(answers)
    transposed = scaled([pores.T for pores in images])[:, ::-1] - before
    mirrored = np.concatenate(
        [scaled([np.flip(pores, axis) for pores in images]) - before for axis in (0, 1)]
    )
    return {
        "physics.bound_excess_share": _share(excess | wrong, n),
        "physics.leaking": _leaking(scaled(walled(images)), n),
        "physics.lowered_share": _share(lowered | wrong | ~np.isfinite(widened), n),
        "physics.upscaled": _upscaled(scaled, images, answers),
        "invariance.transposition": _root_mean_square(transposed, n),
        "invariance.mirror": _root_mean_square(mirrored, n),
    }


def opened(pores: BoolArray) -> BoolArray:
    """The image with more pores along all walls, ``OPENED`` of the pixels."""
    nearness = gaussian_filter(pores.astype(np.float64), 1.0)
    nearness[pores] = np.inf
    count = min(pores.size, int(pores.sum() + np.ceil(OPENED * pores.size)))
    return np.asarray(nearness >= np.partition(nearness.ravel(), -count)[-count])


def walled(images: Sequence[BoolArray]) -> list[BoolArray]:
    """The images with a wall across the middle of each axis."""
    blocked = [pores.copy() for pores in images]
    for pores in blocked:
        rows, columns = pores.shape
        pores[rows // 2] = False
        pores[:, columns // 2] = False
    return blocked


def _physical(scaled: FloatArray) -> Answers:
    columns = [target.from_scale(scaled[:, i]) for i, target in enumerate(TARGETS)]
    return np.stack(columns, axis=1)


def _bounds(images: Sequence[BoolArray]) -> FloatArray:
    return np.array([[series_bound(pores), series_bound(pores.T)] for pores in images])


def _share(which: np.ndarray, rows: int) -> Measurement:
    return Measurement(float(which.mean()), "1", rows=rows)


def _leaking(scaled: FloatArray, rows: int) -> Measurement:
    return Measurement(float(np.abs(_physical(scaled)).max()), "1", rows=rows)


def _upscaled(scaled: Scaled, images: Sequence[BoolArray], answers: Answers) -> Measurement:
    """Mean change of an answer over its label where each pixel is drawn as 2 × 2.

    Labels change too, as throats of a pixel become two wide: a model that is right follows them.
    """
    small = [i for i, pores in enumerate(images) if 2 * max(pores.shape) <= LARGEST_EDGE]
    finer = [doubled(images[i]) for i in small]
    labels, finer_labels = _solved([images[i] for i in small]), _solved(finer)
    asked = np.minimum(labels, finer_labels) > LEAST_UPSCALED
    change = _physical(scaled(finer))[asked] / finer_labels[asked]
    change -= answers[small][asked] / labels[asked]
    value = float(np.abs(change).mean()) if change.size else 0.0
    return Measurement(value, "1", rows=len(small))


def _solved(images: Sequence[BoolArray]) -> Answers:
    """The images' labels, zero where the solver refuses."""
    labels = [label_pores(PoreImage(pores)) for pores in images]
    names = [target.name for target in TARGETS]
    return np.array([[label.get(name, 0.0) for name in names] for label in labels]).reshape(-1, 2)


def _root_mean_square(change: FloatArray, rows: int) -> Measurement:
    return Measurement(float(np.sqrt(np.mean(change**2))), SCALED_UNIT, rows=rows)


def derive_diffusivity(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Mean diffusivity, and how much the two axes differ; a negative one counts as zero."""
    mean, anisotropy = mean_and_anisotropy(np.array([values[t.name] for t in TARGETS]))
    return {"mean_diffusivity": mean, "relative_anisotropy": anisotropy}


def diffusivity_gates(config: DiffusivityConfig) -> tuple[Gate, ...]:
    """All gates of the family; limits come from the configuration."""
    limits, coverage = config.limits, config.evaluation.coverage
    of_each = (SCALED_UNIT, limits.mae, limits.half_width, coverage, limits.source)
    gates = [gate for target in TARGETS for gate in gates_of_target(target.name, *of_each)]
    excess, leaking, lowered = limits.bound_share, limits.leaking, limits.lowered_share
    exchanged, mirrored = limits.exchanged, limits.mae
    return (
        *gates,
        Gate("below the bound", "physics.bound_excess_share", "<=", excess, "1", COLUMNS),
        Gate("no way through walls", "physics.leaking", "<=", leaking, "1", NO_WAY),
        Gate("more pores, more flux", "physics.lowered_share", "<=", lowered, "1", DIRICHLET),
        Gate("finer pixels", "physics.upscaled", "<=", limits.upscaled, "1", FINER),
        Gate(
            "transposed image",
            "invariance.transposition",
            "<=",
            exchanged,
            SCALED_UNIT,
            TRANSPOSED,
        ),
        Gate("mirrored image", "invariance.mirror", "<=", mirrored, SCALED_UNIT, MIRRORED),
        Gate("latency", "latency.p95", "<=", limits.latency_ms, "ms", "answers while one waits"),
    )
