"""What every family's configuration holds."""

from dataclasses import dataclass, field
from typing import Any

from typing_extensions import TypeVar

from matops.core.data.split import SplitConfig
from matops.core.learning.training_config import TrainingConfig
from matops.core.monitoring.retraining import RetrainingConfig


@dataclass(frozen=True)
class EvaluationConfig:
    """How a trained model is measured."""

    coverage: float = 0.9  # nominal coverage of the prediction intervals
    golden_requests: int = 8  # requests stored in the package with their answers
    latency_requests: int = 32  # single requests that are timed
    physics_samples: int = 24  # test samples on which the physics is checked
    # by how much, on the learning scale, the challenger's mean error may exceed the champion's at
    # the upper end of the 95 % interval of their difference
    champion_tolerance: float = 0.005
    # shares of the training groups on which one more network is trained each, so that the report
    # can say what more data would bring
    learning_curve: tuple[float, ...] = (0.125, 0.25, 0.5)


@dataclass(frozen=True)
class FamilyConfig:
    """What every family's configuration holds; a family's own adds to it."""

    split: SplitConfig = field(default_factory=SplitConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    retraining: RetrainingConfig = field(default_factory=RetrainingConfig)


Config = TypeVar("Config", bound=FamilyConfig, default=FamilyConfig)
"""A family's own configuration."""

Sample = TypeVar("Sample", default=Any)
"""What a family parses payloads to."""
