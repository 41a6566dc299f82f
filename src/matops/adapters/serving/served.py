"""Which model a server has, and what it says of it before anybody asks for a prediction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from matops.adapters.serving.limits import Limits
from matops.core.data.target import Target
from matops.core.family import Family
from matops.core.quality.card import Card
from matops.families import get_family


@dataclass(frozen=True)
class Served:
    """A model and the copy of it that runs here."""

    family: Family  # what it is a model of
    model_version: str  # of the package
    dataset_version: str  # of the data it was trained on
    coverage: float  # nominal coverage of its intervals
    # whether it passed, by name of the gate
    gates: Mapping[str, bool] = field(default_factory=dict)
    # what the family says that it has learnt, by heading
    explanations: Mapping[str, str] = field(default_factory=dict)
    variant: str = "local"  # name of the arm of a release that this copy is

    @classmethod
    def of(cls, card: Card, variant: str) -> "Served":
        """The model of a package's card."""
        gates = {result.gate.name: result.passed for result in card.verdict.results}
        return cls(
            get_family(card.family),
            card.version,
            card.data.version,
            card.calibration.coverage,
            gates,
            card.explanations,
            variant,
        )


def describe(served: Served, limits: Limits) -> dict[str, Any]:
    """What V2 metadata says beside the tensors: units, coverage, forms of payloads and limits."""
    family = served.family
    limits = limits.of(family.largest_sample)
    return {
        "model_version": served.model_version,
        "dataset_version": served.dataset_version,
        "variant": served.variant,
        "title": family.title,
        "paper": family.paper,
        "coverage": served.coverage,
        "explanations": dict(served.explanations),
        "targets": [
            {**_named(target), "axis": target.axis, "shape": target.shape}
            for target in family.targets
        ],
        "derived": [_named(quantity) for quantity in family.derived],
        "payload_forms": [asdict(form) for form in family.payload_forms],
        "payload_schema": payload_schema(family),
        "limits": {**asdict(limits), "sample_size_unit": family.size_unit},
    }


def _named(target: Target) -> dict[str, str]:
    return {"name": target.name, "unit": target.unit, "description": target.description}


def payload_schema(family: Family) -> dict[str, Any]:
    """JSON Schema of a sample: exactly one of the family's forms."""
    return {
        "oneOf": [
            {
                "type": "object",
                "title": form.key,
                "description": form.description,
                "properties": {form.key: dict(form.schema)},
                "required": [form.key],
            }
            for form in family.payload_forms
        ]
    }
