"""Configuration of nanoporous_cnn3d: every default with its source, and the presets."""

from dataclasses import dataclass, field, replace
from typing import Literal

from matops.core.data.split import SplitConfig
from matops.core.family import EvaluationConfig, FamilyConfig
from matops.core.learning.training_config import TrainingConfig
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.structure import MAX_HKL_SQUARED, MAX_VOXELS
from matops.physics.levelled_waves import wave_vectors

NetworkKind = Literal[
    "compact",
    "descriptors",
    "densenet121",
    "densenet169",
    "densenet201",
    "densenet264",
    "resnet10",
    "resnet18",
    "resnet34",
    "resnet50",
]
Engine = Literal["molecular_dynamics", "finite_elements"]
Descriptors = Literal["none", "morphology", "physical", "all"]


@dataclass(frozen=True)
class GridConfig:
    """How a structure is turned into numbers."""

    # edge of the binary grid that is kept, one bit a voxel; a multiple of 8. (Zorkaltsev et al.
    # 2025 have 80.)
    voxels: int = 48
    # edge of the grid of solid shares that the network sees; a divisor of ``voxels``. README.md,
    # study ``resolution``
    density_voxels: int = 16
    # numbers a load direction beside the grid: morphological ones, physical ones (finite elements
    # and conduction: a solver runs for each request), both, or none
    descriptors: Descriptors = "none"

    def __post_init__(self) -> None:
        if not 0 < self.density_voxels <= self.voxels <= MAX_VOXELS:
            raise ValueError(
                f"density_voxels ({self.density_voxels}) must lie between 1 and voxels "
                f"({self.voxels}), and these be {MAX_VOXELS} or fewer"
            )
        if self.voxels % 8 or self.voxels % self.density_voxels:
            raise ValueError(
                f"voxels ({self.voxels}) must be a multiple of 8 and of density_voxels "
                f"({self.density_voxels})"
            )


@dataclass(frozen=True)
class NetworkConfig:
    """The network."""

    # ``compact`` trains on a CPU; ``descriptors`` is fully connected and sees no grid; the others
    # are the standard networks in 3D
    kind: NetworkKind = "compact"
    # channels of the compact network's levels, each at half the resolution of the last
    widths: tuple[int, ...] = (32, 64)
    blocks: tuple[int, ...] = (1, 2)  # residual blocks in each level
    hidden: int = 64  # width of the hidden layer of the head
    # weight of the load maps beside the targets, where the data have them
    load_map_weight: float = 0.5

    def __post_init__(self) -> None:
        if not self.widths or len(self.widths) != len(self.blocks):
            raise ValueError(
                f"widths and blocks must name the same levels, not {len(self.widths)} and "
                f"{len(self.blocks)}"
            )
        if min(*self.widths, self.hidden) < 1 or min(*self.blocks, self.load_map_weight) < 0:
            raise ValueError(
                "widths and hidden must be 1 or more, blocks and load_map_weight 0 or more"
            )

    @property
    def stride(self) -> int:
        """Voxels an edge that the compact network turns into one."""
        return 1 << len(self.widths)


@dataclass(frozen=True)
class SimulationConfig:
    """Structures that the source ``simulation`` makes and labels.

    Size and waves are those of Zorkaltsev et al. (2025), whose gold has a solid fraction of 0.35
    and whose silver one of 0.25.
    """

    engine: Engine = "molecular_dynamics"  # ``molecular_dynamics`` or the cheap ``finite_elements``
    count: int = 1000  # number of structures
    seed: int = 0  # seed of the phases and of the solid fractions
    metal: str = "Au"  # chemical symbol
    cells: int = 125  # conventional cells along an edge
    hkl_squared: int = 9  # h² + k² + l² of the waves
    least_solid_fraction: float = 0.22  # solid fractions are uniform between this
    most_solid_fraction: float = 0.42  # and this

    def __post_init__(self) -> None:
        if self.metal not in METALS:
            raise ValueError(f"unknown metal {self.metal!r}; known are {', '.join(METALS)}")
        if not 0.0 < self.least_solid_fraction <= self.most_solid_fraction < 1.0:
            raise ValueError(
                f"solid fractions go up from above 0 to below 1, not from "
                f"{self.least_solid_fraction:g} to {self.most_solid_fraction:g}"
            )
        if self.count < 0 or self.seed < 0:
            raise ValueError(f"count ({self.count}) and seed ({self.seed}) must be 0 or more")
        in_range = 0 < self.hkl_squared <= MAX_HKL_SQUARED
        if not in_range or not len(wave_vectors(self.hkl_squared)):
            raise ValueError(
                f"hkl_squared must be a sum of three squares from 1 to {MAX_HKL_SQUARED}, not "
                f"{self.hkl_squared}"
            )


@dataclass(frozen=True)
class Limits:
    """Limits of the gates."""

    mae_GPa: float  # mean absolute error of each stiffness
    half_width_GPa: float  # median half width of the intervals of each stiffness
    symmetry_GPa: float  # root mean square change of a stiffness by a symmetry of the structure
    source: str  # why the error limits are what they are
    # shares of stiffnesses, measured in README.md: above the continuum bound, and not raised by a
    # thicker structure
    bound_share: float = 0.0
    softened: float = 0.05
    latency_ms: float = 1000.0  # 95th percentile of the time of a single request, ms


FULL_LIMITS = Limits(
    mae_GPa=0.30,
    half_width_GPa=0.8,
    symmetry_GPa=0.3,
    source="the compact network on published gold, README.md",
)
DEMO_LIMITS = Limits(
    mae_GPa=1.6,
    half_width_GPa=4.0,
    symmetry_GPa=0.5,
    source="straight line on the conductivity of the same structures, README.md",
)


@dataclass(frozen=True)
class NanoporousConfig(FamilyConfig):
    """The whole configuration of the family."""

    grid: GridConfig = field(default_factory=GridConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    limits: Limits = FULL_LIMITS

    def __post_init__(self) -> None:
        kind, n = self.network.kind, self.grid.density_voxels
        least = 32 if kind.startswith("densenet") else 4
        if n < least:
            raise ValueError(
                f"{kind} halves its grid until little is left: density_voxels must "
                f"be {least} or more, not {n}"
            )
        if kind == "compact" and n % self.network.stride:
            raise ValueError(
                f"compact with {len(self.network.widths)} levels keeps the cell periodic only if "
                f"density_voxels is a multiple of {self.network.stride}, not {n}"
            )


TRAINING = TrainingConfig(
    members=3, epochs=10, batch_size=32, learning_rate=3e-3, weight_decay=1e-2, loss="mse"
)
FINE_TUNING = replace(TRAINING, epochs=6, batch_size=16, learning_rate=5e-4)
"""For a network that starts from the continuum model: smaller steps, and fewer of them."""

EVALUATION = EvaluationConfig(champion_tolerance=0.03)
"""A tenth of the error limit, GPa: less would be lost in the noise of a hundred test structures."""

CONTINUUM = SimulationConfig(engine="finite_elements", count=9500)
SMALL = SimulationConfig(
    count=120, cells=10, hkl_squared=2, least_solid_fraction=0.4, most_solid_fraction=0.6
)
"""Some 2,000 atoms each: labelled in seconds."""

PRESETS = {
    # Knowledge from cheap physics: the start for scarce molecular-dynamics labels.
    "continuum": NanoporousConfig(training=TRAINING, evaluation=EVALUATION, simulation=CONTINUUM),
    "full": NanoporousConfig(training=FINE_TUNING, evaluation=EVALUATION),
    "demo": NanoporousConfig(
        # A hundred structures: larger held-out shares, so that a coverage means something.
        split=SplitConfig(calibration=0.2, test=0.2),
        training=replace(TRAINING, epochs=40, batch_size=8),
        evaluation=EvaluationConfig(learning_curve=(0.5,), champion_tolerance=0.2),
        grid=GridConfig(voxels=32, descriptors="physical"),
        network=NetworkConfig(widths=(16, 32), blocks=(1, 1)),
        simulation=SMALL,
        limits=DEMO_LIMITS,
    ),
}
