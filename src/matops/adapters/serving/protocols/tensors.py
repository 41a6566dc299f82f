"""Answers as tensors: one a quantity, and as text what was refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.adapters.serving.protocols.question import Row, Skipped
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.quality.prediction import Prediction

ERRORS = "errors"
"""Where bad samples are skipped: one text a sample, empty for a good one."""
PARTS = {"value": "", "lower": "_lower", "upper": "_upper"}
"""Endings of the outputs of an estimate's parts."""


@dataclass(frozen=True)
class Tensor:
    """One output."""

    name: str
    datatype: str  # FP64, INT64, BOOL or BYTES
    shape: tuple[int, ...]
    values: NDArray[Any]  # flat; texts as bytes


def output_types(family: Family[Any, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Datatype of all outputs by name, and the shape of one row."""
    types: dict[str, tuple[str, tuple[int, ...]]] = {
        f"{target.name}{ending}": ("FP64", target.shape)
        for target in family.properties
        for ending in PARTS.values()
    }
    types |= {f"{axis}_count": ("INT64", ()) for axis in _ragged(family.targets)}
    return types | {"domain_score": ("FP64", ()), "out_of_domain": ("BOOL", ())}


def tensors_of(
    family: Family[Any, Any], rows: Sequence[Row], skips: bool, names: Mapping[str, bool]
) -> list[Tensor]:
    """The outputs of some samples, or those that are named, in the order of the names.

    A sample that was skipped has no number in any of its places, and no row on other axes.
    """
    tensors = {tensor.name: tensor for tensor in _all(family, rows)}
    if skips:
        reasons = [row.reason.encode() if isinstance(row, Skipped) else b"" for row in rows]
        tensors[ERRORS] = _tensor(ERRORS, "BYTES", np.array(reasons, dtype=object))
    return [tensors[name] for name in names] if names else list(tensors.values())


def check_outputs(names: Mapping[str, bool], known: Mapping[str, Any]) -> None:
    """Refuse a request for an output that there is not.

    Raises:
        BadInput: as above.
    """
    for name in names:
        if name not in known:
            raise BadInput(f"there is no output {name!r}; there are {', '.join(known)}")


def _all(family: Family[Any, Any], rows: Sequence[Row]) -> list[Tensor]:
    tensors = [
        _part(f"{target.name}{ending}", target, rows, part)
        for target in family.properties
        for part, ending in PARTS.items()
    ]
    for axis, target in _ragged(family.targets).items():
        counts = [
            0 if isinstance(row, Skipped) else len(row.estimates[target.name].value) for row in rows
        ]
        tensors.append(_tensor(f"{axis}_count", "INT64", np.array(counts, dtype=np.int64)))
    scores = [np.nan if isinstance(row, Skipped) else row.domain_score for row in rows]
    outside = [isinstance(row, Skipped) or row.out_of_domain for row in rows]
    tensors.append(_tensor("domain_score", "FP64", np.array(scores)))
    tensors.append(_tensor("out_of_domain", "BOOL", np.array(outside, dtype=bool)))
    return tensors


def _tensor(name: str, datatype: str, values: NDArray[Any]) -> Tensor:
    return Tensor(name, datatype, values.shape, values)


def _part(name: str, target: Target, rows: Sequence[Row], part: str) -> Tensor:
    """Values of all samples: a row each, or the rows of one after those of the other."""
    blocks = [_block(target, row, part) for row in rows]
    numbers = np.concatenate(blocks) if blocks else np.empty(0)
    shape = () if target.is_scalar else (numbers.size // target.size, *target.shape)
    return Tensor(name, "FP64", shape or (numbers.size,), numbers)


def _block(target: Target, row: Row, part: str) -> NDArray[Any]:
    """One sample's numbers, flat; of an interval that there is not, what is no number."""
    if isinstance(row, Skipped):
        return np.full(target.size if target.axis == SAMPLE_AXIS else 0, np.nan)
    estimate = (row.estimates | row.derived)[target.name]
    value = getattr(estimate, part)
    if value is None:
        return np.full(np.size(estimate.value), np.nan)
    return np.ravel(np.asarray(value, dtype=float))


def _ragged(targets: Sequence[Target]) -> dict[str, Target]:
    """A target of each axis that has as many rows as the sample says."""
    return {target.axis: target for target in targets if target.axis != SAMPLE_AXIS}


def answered(rows: Sequence[Row]) -> list[Prediction]:
    """Those that were not skipped."""
    return [row for row in rows if not isinstance(row, Skipped)]
