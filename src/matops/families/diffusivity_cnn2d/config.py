"""Configuration of diffusivity_cnn2d: every default with its source, and the presets."""

from dataclasses import dataclass, field, replace
from typing import Literal

from matops.core.data.split import SplitConfig
from matops.core.family import EvaluationConfig, FamilyConfig
from matops.core.learning.training_config import TrainingConfig
from matops.families.diffusivity_cnn2d.images.pore_image import LARGEST_EDGE, LEAST_EDGE
from matops.simulators.porous_media.structures import KINDS, LARGEST_ANISOTROPY, Kind

NetworkKind = Literal["flux", "two_layer", "wu"]
Activation = Literal["linear", "relu"]
Padding = Literal["same", "valid"]


@dataclass(frozen=True)
class ImageConfig:
    """What a network sees of an image."""

    # whether pores that lead nowhere are taken away: those that don't span, and blind ones. (Wu et
    # al. 2019 do so for De < 0.1.)
    dead_ends_removed: bool = True
    # numbers an axis beside the pixels, of connectivity and ways through; for what they bring see
    # README.md, study ``models``
    descriptors: bool = False


@dataclass(frozen=True)
class NetworkConfig:
    """The network."""

    # ``flux`` corrects the diffusivity of a network of blocks, for images of any size;
    # ``two_layer`` and ``wu`` are convolution, pooling and dense layers on images of one size
    kind: NetworkKind = "flux"
    width: int = 24  # channels of ``flux``
    blocks: int = 2  # residual blocks of ``flux``
    # of ``two_layer``: the best linear setting of the thesis that it is after, README.md
    filters: tuple[int, ...] = (8, 16)
    kernel: int = 4
    stride: int = 3
    pool: int = 3
    padding: Padding = "valid"
    activation: Activation = "linear"
    dense: int = 64  # width of its dense layer, which the thesis doesn't give
    edge: int = 128  # edge of the images that ``two_layer`` and ``wu`` take

    def __post_init__(self) -> None:
        if min(self.width, self.kernel, self.stride, self.pool, self.dense, *self.filters) < 1:
            raise ValueError("width, kernel, stride, pool, dense and filters must be 1 or more")
        if self.blocks < 0 or not self.filters:
            raise ValueError("blocks must be 0 or more, and there must be filters")
        if not LEAST_EDGE <= self.edge <= LARGEST_EDGE:
            raise ValueError(f"edge must lie between {LEAST_EDGE} and {LARGEST_EDGE}")


@dataclass(frozen=True)
class SimulationConfig:
    """Structures that the source ``simulation`` makes and labels.

    Porosities are those of Wu et al. (2019), nearly; sizes, in pixels of an image of 128, are log
    uniform: of quartet structures the distance between cores, of discs the radius, of squares the
    half edge, of Gaussian fields the deviation of the blur, of fibres the half width.
    """

    count: int = 10_000  # number of images
    seed: int = 0  # seed of the structures
    edge: int = 128  # pixels
    kinds: tuple[Kind, ...] = ("quartet", "discs", "squares", "gaussian")  # in turn
    least_porosity: float = 0.3  # porosities are uniform between this
    most_porosity: float = 0.95  # and this
    most_anisotropy: float = 1.0  # stretched by up to this along x or y, log uniform
    periodic: bool = True  # whether structures go on beyond their opposite edges
    # share of images that are made with half the edge and drawn with each pixel as 2 × 2: without
    # them a network has not seen that finer pixels show the same structure, README.md
    doubled_share: float = 0.0

    def __post_init__(self) -> None:
        unknown = set(self.kinds) - set(KINDS)
        if unknown or not self.kinds:
            raise ValueError(f"kinds are some of {', '.join(KINDS)}, not {', '.join(self.kinds)}")
        if self.count < 0 or self.seed < 0:
            raise ValueError(f"count ({self.count}) and seed ({self.seed}) must be 0 or more")
        if not 0 < self.least_porosity <= self.most_porosity < 1:
            raise ValueError(
                f"porosities go up from above 0 to below 1, not from {self.least_porosity:g} to "
                f"{self.most_porosity:g}"
            )
        if not 1 <= self.most_anisotropy <= LARGEST_ANISOTROPY:
            raise ValueError(f"most_anisotropy must lie between 1 and {LARGEST_ANISOTROPY:g}")
        if not 32 <= self.edge <= LARGEST_EDGE:
            raise ValueError(f"edge must lie between 32 and {LARGEST_EDGE}, not {self.edge}")
        if not 0 <= self.doubled_share <= 1:
            raise ValueError(f"doubled_share must lie between 0 and 1, not {self.doubled_share:g}")
        if self.doubled_share and (self.edge % 2 or self.edge < 64):
            raise ValueError(f"doubled images have an even edge of 64 or more, not {self.edge}")


@dataclass(frozen=True)
class Limits:
    """Limits of the gates."""

    mae: float  # mean absolute error of log10 De/D0; 0.004 is one per cent
    half_width: float  # median half width of the intervals, the same scale
    upscaled: float  # mean change of answer over label by drawing each pixel as 2 × 2
    source: str  # why the error limits are what they are
    exchanged: float = 1e-5  # root mean square difference to the transposed image's other axis
    bound_share: float = 0.0  # share of answers above the bound of their columns in series
    leaking: float = 0.0  # largest answer where no pore spans
    lowered_share: float = 0.02  # share of answers that fall when pores are added
    latency_ms: float = 1000.0  # 95th percentile of the time of a single request, ms


FULL_LIMITS = Limits(0.015, 0.04, 0.03, "a third of what boosting on 14 descriptors has, README.md")
DEMO_LIMITS = Limits(0.03, 0.1, 0.08, "the network of blocks alone on 64 × 64 pixels, README.md")


@dataclass(frozen=True)
class DiffusivityConfig(FamilyConfig):
    """The whole configuration of the family."""

    image: ImageConfig = field(default_factory=ImageConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    limits: Limits = FULL_LIMITS


TRAINING = TrainingConfig(
    members=3, epochs=10, batch_size=32, learning_rate=3e-3, weight_decay=1e-3, loss="huber"
)
EVALUATION = EvaluationConfig(champion_tolerance=0.001)
"""A quarter of a per cent: less is below what the staircase of pixels does to a label."""

# Absolute errors of the logarithm are nearly the relative ones that are asked for; small batches
# are more steps. On 2,355 images and 6 passes the mean relative error is 0.0151 by ``TRAINING``,
# 0.0125 by absolute errors, and 0.0112 by both.
FULL = DiffusivityConfig(
    training=replace(TRAINING, loss="mae", batch_size=16),
    evaluation=EVALUATION,
    simulation=SimulationConfig(doubled_share=0.25),
)
IMAGE_TRAINING = replace(TRAINING, members=1, epochs=30, loss="mse", learning_rate=1e-3)

PRESETS = {
    "full": FULL,
    "two_layer": replace(
        FULL,
        training=IMAGE_TRAINING,
        network=NetworkConfig(kind="two_layer"),
        image=ImageConfig(dead_ends_removed=False),
    ),
    "wu": replace(
        FULL,
        training=IMAGE_TRAINING,
        network=NetworkConfig(kind="wu"),
        image=ImageConfig(dead_ends_removed=False),
    ),
    "demo": DiffusivityConfig(
        split=SplitConfig(calibration=0.2, test=0.2),
        training=replace(TRAINING, members=2, epochs=12),
        evaluation=EvaluationConfig(learning_curve=(0.5,), champion_tolerance=0.01),
        simulation=SimulationConfig(count=400, edge=64),
        limits=DEMO_LIMITS,
    ),
}
