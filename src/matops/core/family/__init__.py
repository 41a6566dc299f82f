"""A family: one kind of sample and the properties that follow from it."""

from matops.core.data.payloads import PayloadForm
from matops.core.data.sources import Incoming, SourceForm
from matops.core.family.config import EvaluationConfig, FamilyConfig
from matops.core.family.contract import Family, PredictScaled
from matops.core.family.skills import (
    Confirms,
    Designs,
    Explains,
    IsPictured,
    Simulates,
    TakesFromDatabases,
)

__all__ = [
    "Confirms",
    "Designs",
    "EvaluationConfig",
    "Explains",
    "Family",
    "FamilyConfig",
    "Incoming",
    "IsPictured",
    "PayloadForm",
    "PredictScaled",
    "Simulates",
    "SourceForm",
    "TakesFromDatabases",
]
