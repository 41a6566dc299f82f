"""What a served model answers."""

from dataclasses import dataclass

from matops.core.data.value import Value


@dataclass(frozen=True)
class Estimate:
    """One property of one sample; an array has all three as nested lists of one shape."""

    value: Value  # best estimate, in ``unit``
    unit: str  # physical unit
    # ends of the interval, in ``unit``; None out of domain, where none can be promised
    lower: Value | None
    upper: Value | None


@dataclass(frozen=True)
class Prediction:
    """All properties of one sample, with what a program needs to trust or refuse them."""

    estimates: dict[str, Estimate]  # estimate by target name
    derived: dict[str, Estimate]  # by name, what follows from the estimates by formula
    coverage: float | None  # nominal coverage of the intervals; None out of domain
    out_of_domain: bool  # whether the sample lies outside the training data
    domain_score: float  # distance to the training data; above 1 is outside
    unseen: tuple[str, ...]  # categories (as in elements) that the training data did not have
    model_version: str  # version of the model package
    dataset_version: str  # version of the data it was trained on
