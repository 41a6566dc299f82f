"""Configuration: one preset for tests, and the same for people."""

from dataclasses import dataclass, field

from matops.core.data.split import SplitConfig
from matops.core.family import EvaluationConfig, FamilyConfig
from matops.core.learning.training_config import TrainingConfig


@dataclass(frozen=True)
class DesignConfig:
    """Images that a screening makes: how many discs, and their radii, pixels."""

    most_discs: int = 6
    least_radius: float = 4.0
    most_radius: float = 7.0


@dataclass(frozen=True)
class DiscConfig(FamilyConfig):
    """The whole configuration."""

    designs: DesignConfig = field(default_factory=DesignConfig)


DEMO = DiscConfig(
    split=SplitConfig(calibration=0.25, test=0.25),
    training=TrainingConfig(
        members=2, epochs=60, batch_size=16, learning_rate=2e-2, warm_up=0.2, device="cpu"
    ),
    evaluation=EvaluationConfig(
        coverage=0.8, learning_curve=(0.5,), physics_samples=8, latency_requests=4
    ),
)
PRESETS = {"demo": DEMO, "full": DEMO}
