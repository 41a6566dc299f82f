"""Configuration of elastic_cgcnn: every default with its source, and the presets."""

from dataclasses import dataclass, field, replace

from matops.core.data.split import SplitConfig
from matops.core.family import FamilyConfig
from matops.core.learning.training import TrainingConfig


@dataclass(frozen=True)
class GraphConfig:
    """Crystal graph.

    Attributes:
        neighbours: nearest neighbours of each atom (Xie and Grossman 2018, supplement).
        radius_A: radius within which they are sought, Å (same source).
        whole_shells: keep shells of equal distance whole; False cuts as the published code does.
    """

    neighbours: int = 12
    radius_A: float = 8.0
    whole_shells: bool = True


@dataclass(frozen=True)
class NetworkConfig:
    """The network; names follow the published code.

    Attributes:
        atom_fea_len: width of an atom's vector (64: Xie and Grossman 2018).
        n_conv: convolutions (3: same source).
        h_fea_len: width of the hidden layers after pooling (128: same source).
        n_h: number of them (1: same source).
        gaussian_step_A: spacing and width of the distance expansion, Å (0.2: same source).
        bond_orders: give the network the bond-orientational order of each atom's neighbours: the
            angles that a graph of distances lacks. This and the next three are ours; README.md
            has the ablation.
        element_properties: give it standardised elemental properties beside the 92 binary ones.
        reduced_lengths: expand each length over the sum of the covalent radii as well.
        crystal_state: append global descriptors of the crystal after pooling.
    """

    atom_fea_len: int = 64
    n_conv: int = 3
    h_fea_len: int = 128
    n_h: int = 1
    gaussian_step_A: float = 0.2
    bond_orders: bool = True
    element_properties: bool = True
    reduced_lengths: bool = True
    crystal_state: bool = True


@dataclass(frozen=True)
class SimulationConfig:
    """Alloys that the source ``simulation`` calculates.

    Attributes:
        count: number of alloys; a balanced, seeded choice of the catalogue.
        seed: seed of the choice.
    """

    count: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class MaterialsProjectConfig:
    """Crystals that the source ``materials-project`` asks for.

    Attributes:
        elements: chemical symbols that a material must all contain; none asks for any.
        max_sites: atoms in the database's own cell, at most; None sets no limit.
    """

    elements: tuple[str, ...] = ()
    max_sites: int | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of the gates.

    Attributes:
        mae_K: mean absolute error of log10 K_VRH.
        mae_G: mean absolute error of log10 G_VRH.
        half_width_K: median half width of the intervals of log10 K_VRH.
        half_width_G: median half width of the intervals of log10 G_VRH.
        invariance: largest change of a logarithm by rotation, supercell or atom order.
        latency_ms: 95th percentile of the time of a single request, ms.
        source: why the error limits are what they are.
    """

    mae_K: float
    mae_G: float
    half_width_K: float
    half_width_G: float
    source: str
    invariance: float = 1e-4
    latency_ms: float = 250.0


FULL_LIMITS = Limits(
    mae_K=0.070,
    mae_G=0.123,
    half_width_K=0.25,
    half_width_G=0.40,
    source="random forest on Magpie features, README.md",
)
DEMO_LIMITS = Limits(
    mae_K=0.027,
    mae_G=0.059,
    half_width_K=0.10,
    half_width_G=0.20,
    source="rule of mixtures on the same alloys, README.md",
)


@dataclass(frozen=True)
class ElasticConfig(FamilyConfig):
    """The whole configuration of the family."""

    graph: GraphConfig = field(default_factory=GraphConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    materials_project: MaterialsProjectConfig = field(default_factory=MaterialsProjectConfig)
    limits: Limits = FULL_LIMITS


TRAINING = TrainingConfig(
    members=5,
    epochs=60,
    batch_size=64,
    learning_rate=5e-3,
    weight_decay=1e-4,
    warm_up=0.2,
    loss="mae",
)

PRESETS = {
    "full": ElasticConfig(training=TRAINING),
    "demo": ElasticConfig(
        # A few hundred alloys: larger held-out shares, so that a coverage means something.
        split=SplitConfig(calibration=0.15, test=0.15),
        training=replace(TRAINING, members=3),
        simulation=SimulationConfig(count=1000),
        limits=DEMO_LIMITS,
    ),
}
