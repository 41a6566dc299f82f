"""What a served model answers."""

from dataclasses import dataclass

from matops.core.data.value import Value


@dataclass(frozen=True)
class Estimate:
    """One property of one sample; an array has all three as nested lists of one shape.

    Attributes:
        value: best estimate, in ``unit``.
        unit: physical unit.
        lower: lower end of the interval, in ``unit``.
        upper: upper end of the interval, in ``unit``.
    """

    value: Value
    unit: str
    lower: Value
    upper: Value


@dataclass(frozen=True)
class Quantity:
    """A number with its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Prediction:
    """All properties of one sample, with what a program needs to trust or refuse them.

    Attributes:
        estimates: estimate by target name.
        derived: further quantities that follow from the estimates by formula.
        coverage: nominal coverage of the intervals.
        out_of_domain: whether the sample lies outside the training data.
        domain_score: distance to the training data; above 1 is outside.
        unseen: categories (as in elements) that the training data did not have.
        model_version: version of the model package.
        dataset_version: version of the data it was trained on.
    """

    estimates: dict[str, Estimate]
    derived: dict[str, Quantity]
    coverage: float
    out_of_domain: bool
    domain_score: float
    unseen: tuple[str, ...]
    model_version: str
    dataset_version: str
