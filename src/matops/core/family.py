"""A family: one kind of sample and the properties that follow from it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Payload, Provenance, Quarantined, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.data.split import SplitConfig
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.exploring.screening import Objectives
from matops.core.exploring.study import Study
from matops.core.learning.checkpoint import Checkpoints
from matops.core.learning.features import PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training import Ensemble, EpochLog, TrainingConfig, restore_ensemble
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.progress import Progress
from matops.core.quality.domain import Descriptors
from matops.core.quality.gate import Gate, Measurement
from matops.core.quality.prediction import Quantity

Incoming = Iterator[Record | Quarantined]
"""What a source yields: good records, and refused ones with their reason."""

PredictScaled = Callable[[Sequence[Payload]], NDArray[np.float64]]
"""A model under test: payloads in, ensemble means on the learning scale out, (n, n_targets)."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How a trained model is measured.

    Attributes:
        coverage: nominal coverage of the prediction intervals.
        golden_requests: requests stored in the package with their answers.
        latency_requests: single requests that are timed.
        physics_samples: test samples on which the physics is checked.
        champion_tolerance: by how much, on the learning scale, the challenger's mean error may
            exceed the champion's at the upper end of the 95 % interval of their difference.
        learning_curve: shares of the training groups on which one more network is trained each,
            so that the report can say what more data would bring.
    """

    coverage: float = 0.9
    golden_requests: int = 8
    latency_requests: int = 32
    physics_samples: int = 24
    champion_tolerance: float = 0.005
    learning_curve: tuple[float, ...] = (0.125, 0.25, 0.5)


@dataclass(frozen=True)
class FamilyConfig:
    """What every family's configuration holds; a family's own adds to it."""

    split: SplitConfig = field(default_factory=SplitConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    retraining: RetrainingConfig = field(default_factory=RetrainingConfig)


@dataclass(frozen=True)
class PayloadForm:
    """One form in which a request may carry a sample.

    Attributes:
        key: of the payload.
        description: what stands there, in words.
        example: of what stands there.
        schema: JSON Schema of what stands there.
    """

    key: str
    description: str
    example: Any
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class SourceForm:
    """One kind of source that a family ingests.

    Attributes:
        name: what ``--source`` says, or the kind of path that it names.
        description: what must lie there.
    """

    name: str
    description: str


class Family(ABC):
    """What the platform asks of a family; a folder under ``families`` implements it once.

    ``parse`` and ``featurize`` serve all steps and the server: what is served is what was tested.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    targets: ClassVar[tuple[Target, ...]]
    descriptor_names: ClassVar[tuple[str, ...]]
    config_type: ClassVar[type[FamilyConfig]]
    presets: ClassVar[Mapping[str, FamilyConfig]]
    payload_forms: ClassVar[tuple[PayloadForm, ...]]
    size_unit: ClassVar[str]
    """What :meth:`size` counts, as in ``atoms``."""
    largest_sample: ClassVar[int]
    """Size of the largest sample that :meth:`parse` accepts."""
    sources: ClassVar[tuple[SourceForm, ...]]
    pointers: ClassVar[Mapping[str, str]] = {}
    studies: ClassVar[tuple[Study, ...]] = ()
    objectives: ClassVar[Objectives | None] = None

    @abstractmethod
    def read(self, source: Path, stated: Provenance) -> Incoming:
        """Records of a file or directory in any layout the family knows.

        Args:
            source: the file or directory.
            stated: engine, method, licence and date that hold for all its records.

        Raises:
            BadInput: the source as a whole can't be read; single bad records are yielded as
                :class:`Quarantined`.
        """

    @abstractmethod
    def simulate(
        self,
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Progress,
        shard: Shard = WHOLE,
    ) -> Incoming:
        """Records made by the family's own simulation.

        Args:
            config: what to simulate.
            work_dir: keeps finished simulations, those of other shards too: interrupted ones
                continue there, and what was simulated in shards is not simulated again.
            workers: processes.
            progress: called by the simulation.
            shard: which share of the samples to simulate and yield.
        """

    def database_query(self, config: FamilyConfig) -> DatabaseQuery:
        """Which materials to ask a database for.

        Raises:
            BadInput: the family takes nothing from databases.
        """
        known = ", ".join(form.name for form in self.sources)
        raise BadInput(f"{self.name} takes nothing from a database; its sources are: {known}")

    def from_database(self, entry: DatabaseEntry) -> Record:
        """The record of a database's entry.

        Raises:
            BadInput: the entry is no valid sample, or the family takes nothing from databases.
        """
        raise BadInput(f"{self.name} takes nothing from a database")

    @abstractmethod
    def parse(self, payload: Payload) -> Any:
        """A sample from a record's or a request's payload.

        Raises:
            BadInput: the payload is not a valid sample.
        """

    @abstractmethod
    def size(self, sample: Any) -> int:
        """What a sample costs, in ``size_unit``."""

    @abstractmethod
    def load_request(self, path: Path) -> Payload:
        """The payload for a file that holds one sample.

        Raises:
            BadInput: the file can't be read, or is of no kind the family knows.
        """

    @abstractmethod
    def write_example(self, directory: Path) -> Path:
        """Write a file with one sample, of the kind that the demo's model knows."""

    @abstractmethod
    def featurize(self, samples: Sequence[Any], config: FamilyConfig) -> PackedFeatures:
        """Tensors for the network."""

    def feature_key(self, config: FamilyConfig) -> object:
        """All that :meth:`featurize` reads of a configuration: equal keys, equal features.

        A family overrides this where it reads less, so that fewer changes cost new features.
        """
        return replace(
            config,
            split=SplitConfig(),
            training=TrainingConfig(),
            evaluation=EvaluationConfig(),
            retraining=RetrainingConfig(),
        )

    @abstractmethod
    def describe(self, samples: Sequence[Any]) -> Descriptors:
        """Descriptors for the domain of applicability; ``descriptor_names`` names their columns."""

    @abstractmethod
    def network(self, config: FamilyConfig) -> nn.Module:
        """An untrained network: maps a :class:`Batch` to standardised targets, (n, n_targets)."""

    def fit_member(
        self,
        features: PackedFeatures,
        standard_targets: Tensor,
        config: FamilyConfig,
        member: int = 0,
        progress: Progress | None = None,
        start: Mapping[str, Tensor] | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> tuple[nn.Module, list[EpochLog]]:
        """Train one member; a family with a fit of its own overrides this."""
        return fit_member(
            partial(self.network, config),
            features,
            standard_targets,
            config.training,
            member,
            progress,
            start,
            checkpoints,
        )

    def restore(self, tensors: Mapping[str, Tensor], config: FamilyConfig) -> Ensemble:
        """The ensemble whose tensors were stored."""
        return restore_ensemble(partial(self.network, config), tensors)

    @abstractmethod
    def measure_physics(
        self, predict: PredictScaled, payloads: Sequence[Payload], config: FamilyConfig
    ) -> dict[str, Measurement]:
        """Measure what physics demands of any correct model: symmetries, signs, bounds."""

    @abstractmethod
    def gates(self, config: FamilyConfig) -> tuple[Gate, ...]:
        """Conditions for release. The comparison with the champion is added for every family."""

    def derive(self, values: Mapping[str, float]) -> dict[str, Quantity]:
        """Further quantities that follow from the predicted ones by formula."""
        return {}

    def design(self, index: int, seed: int, config: FamilyConfig) -> Payload:
        """Design number ``index`` of a screening, the same whenever it is asked for; cheap.

        Raises:
            BadInput: the family has no generator of designs.
        """
        raise BadInput(f"{self.name} has no generator of designs")

    def design_key(self, config: FamilyConfig) -> object:
        """All that :meth:`design` reads of a configuration: equal keys, equal designs."""
        return config

    def confirm(
        self,
        payloads: Sequence[Payload],
        config: FamilyConfig,
        work_dir: Path,
        workers: int,
        progress: Progress,
    ) -> Incoming:
        """Simulate designs: a record or a refusal for each payload, in their order.

        Finished simulations are kept in ``work_dir``: interrupted ones continue there.

        Raises:
            BadInput: the family has no simulation of given designs.
        """
        raise BadInput(f"{self.name} has no simulation of given designs")

    def preset(self, name: str) -> FamilyConfig:
        """The configuration of a preset.

        Raises:
            KeyError: no such preset.
        """
        return self.presets[name]
