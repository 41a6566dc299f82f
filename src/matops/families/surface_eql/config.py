"""Configuration of surface_eql: every default with its source, and the presets."""

from dataclasses import dataclass, field, replace

from matops.core.data.split import SplitConfig
from matops.core.family import EvaluationConfig, FamilyConfig
from matops.core.learning.training_config import TrainingConfig
from matops.families.surface_eql.surfaces.bulk import FEATURES, METALS

MOST_TERMS = 17
"""Of one equation; more than a person reads at a glance, fewer than a quarter of the candidates."""


@dataclass(frozen=True)
class EquationConfig:
    """What an equation may be made of; all of it is ours, the paper's settings were not read."""

    units_a_kind: int = 8  # units of each kind that are learnt: squares, products, sines, ...
    max_terms: int = MOST_TERMS  # of one equation
    # products of an orientation function with a coefficient of the metal, summed; 1 is separable,
    # and the number of bulk properties + 1 gives each term of each metal its own coefficient
    rank: int = 2
    # bulk properties on which coefficients depend linearly, out of ``FEATURES``: with the constant
    # no more numbers than seven metals determine
    bulk: tuple[str, ...] = FEATURES
    l1: float = 1e-3  # weight of the sum of absolute weights beside the squared error
    # inputs that each argument of a unit keeps beside its constant, those of the largest weights
    connections: int = 2
    least_gain: float = 0.03  # share of the squares left that a further term must explain

    def __post_init__(self) -> None:
        if not 1 <= self.max_terms <= MOST_TERMS:
            raise ValueError(f"max_terms must lie between 1 and {MOST_TERMS}")
        unknown = [name for name in self.bulk if name not in FEATURES]
        if unknown or len(set(self.bulk)) != len(self.bulk):
            raise ValueError(f"bulk names each of {', '.join(FEATURES)} once at most")
        if min(self.units_a_kind, self.rank, self.connections) < 1:
            raise ValueError("units_a_kind, rank and connections must be 1 or more")


@dataclass(frozen=True)
class SimulationConfig:
    """Surfaces that the source ``simulation`` calculates."""

    orientations: int = 300  # of the standard triangle, those of lowest indices
    # chemical symbols; each by the potential that comes with LAMMPS
    metals: tuple[str, ...] = tuple(METALS)
    # file of an embedded-atom potential, by path or by its name inside LAMMPS, instead; then
    # ``metals`` has one
    potential: str = ""

    def __post_init__(self) -> None:
        if self.orientations < 1 or not self.metals:
            raise ValueError("orientations and metals must be one or more")
        if self.potential and len(self.metals) != 1:
            raise ValueError("a potential is of one metal: metals must name it alone")
        unknown = [metal for metal in self.metals if metal not in METALS]
        if unknown and not self.potential:
            raise ValueError(f"no potential for {', '.join(unknown)}; name one")


@dataclass(frozen=True)
class Limits:
    """Limits of the gates, J/m²: of the mean absolute error of each target in their order."""

    mae: tuple[float, ...]
    source: str  # why they are what they are
    half_width: float = 4.0  # median half width of the intervals, in those errors
    symmetry: float = 1e-9  # largest change by a symmetry of the cube, and largest forbidden value
    latency_ms: float = 250.0  # 95th percentile of the time of a single request, ms


LIMITS = Limits(
    mae=(0.006, 0.036, 0.040, 0.115, 0.30, 0.21, 0.20),
    source="README.md: twice our own error of gamma0 and T, else a line in the cosines by metal",
)


@dataclass(frozen=True)
class SurfaceConfig(FamilyConfig):
    """The whole configuration of the family."""

    equation: EquationConfig = field(default_factory=EquationConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    limits: Limits = LIMITS


TRAINING = TrainingConfig(
    members=5, epochs=300, batch_size=512, learning_rate=2e-2, weight_decay=0.0, device="cpu"
)
PRESETS = {
    "full": SurfaceConfig(training=TRAINING),
    "demo": SurfaceConfig(
        split=SplitConfig(calibration=0.2, test=0.2),
        training=replace(TRAINING, members=3),
        evaluation=EvaluationConfig(learning_curve=(0.5,)),
        equation=EquationConfig(max_terms=10),
        simulation=SimulationConfig(orientations=100),
    ),
}
