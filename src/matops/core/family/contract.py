"""What the platform asks of every family: it reads samples, learns from them and is judged.

PyTorch is imported by what computes with it: to read samples takes none.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic

import numpy as np
from numpy.typing import NDArray

from matops.core.data.payloads import PayloadForm, read_payload, with_species
from matops.core.data.record import Payload, Provenance, Record
from matops.core.data.sifting.plausibility import Doubt
from matops.core.data.sources import About, Incoming
from matops.core.data.split import SplitConfig
from matops.core.errors import BadInput
from matops.core.exploring.space import SearchSpace
from matops.core.exploring.study import Study
from matops.core.family.config import Config, EvaluationConfig, Sample
from matops.core.learning.training_config import TrainingConfig
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.progress import Progress
from matops.core.quality.gate import Gate, Measurement

if TYPE_CHECKING:
    from torch import Tensor, nn

    from matops.core.learning.checkpoint import Checkpoints
    from matops.core.learning.features import PackedFeatures
    from matops.core.learning.training import Answer, Ensemble, EpochLog
    from matops.core.quality.domain import Descriptors

PredictScaled = Callable[..., NDArray[np.float64]]
"""A model under test: payloads in, ensemble means on the learning scale out, (n, n_targets).

The name of another axis beside the payloads asks for its table, (rows, columns).
"""


class Reads(About, ABC, Generic[Sample]):
    """Reads samples from sources, files and requests."""

    payload_forms: ClassVar[tuple[PayloadForm, ...]]
    size_unit: ClassVar[str] = "samples"
    """What :meth:`size` counts, as in ``atoms``."""
    largest_sample: ClassVar[int] = 1
    """Size of the largest sample that :meth:`parse` accepts."""

    @abstractmethod
    def read(self, source: Path, stated: Provenance) -> Incoming:
        """Records of a file or directory in any layout the family knows.

        ``stated`` has engine, method, licence and date that hold for all its records.

        Raises:
            BadInput: the source as a whole can't be read; single bad records are yielded as
                :class:`~matops.core.data.record.Quarantined`.
        """

    @abstractmethod
    def parse(self, payload: Payload) -> Sample:
        """A sample from a record's or a request's payload.

        Raises:
            BadInput: the payload is not a valid sample.
        """

    def doubt(self, record: Record) -> Doubt | None:
        """What is strange about a record's labels together, as a bound that ties two of them.

        Each is within its target's own bounds. What a sample must be asked for, its payload says.
        """
        return None

    def size(self, sample: Sample) -> int:
        """What a sample costs, in ``size_unit``."""
        return 1

    def load_request(self, path: Path, species: Sequence[str] = ()) -> Payload:
        """The payload for a file that holds one sample, by ``payload_forms``.

        ``species`` has the chemical symbol of each atom type, for files that don't say it.

        Raises:
            BadInput: the file can't be read, or is of no kind the family knows.
        """
        return with_species(read_payload(path, self.payload_forms), species)

    def write_example(self, directory: Path) -> Path:
        """Write a file with one sample of the kind that the demo's model knows.

        It is the first example of ``payload_forms`` that is a whole sample, unless overridden.
        """
        for form in self.payload_forms:
            payload = {form.key: form.example}
            try:
                self.parse(payload)
            except BadInput:
                continue
            path = directory / "example.json"
            path.write_text(json.dumps(payload, indent=2))
            return path
        raise ValueError("no example of a payload is a whole sample")


class Learns(About, ABC, Generic[Config, Sample]):
    """Turns samples into tensors, and tensors into a trained network.

    ``featurize`` serves all steps and the server: what is served is what was tested.
    """

    descriptor_names: ClassVar[tuple[str, ...]]
    config_type: type[Config]
    presets: Mapping[str, Config]
    pointers: ClassVar[Mapping[str, str]] = {}
    studies: ClassVar[tuple[Study, ...]] = ()
    spaces: ClassVar[tuple[SearchSpace, ...]] = ()
    """What a search for the best configuration changes; the first one unless another is named."""

    @abstractmethod
    def featurize(self, samples: Sequence[Sample], config: Config) -> PackedFeatures:
        """Tensors for the network."""

    def feature_key(self, config: Config) -> object:
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
    def describe(self, samples: Sequence[Sample], features: PackedFeatures) -> Descriptors:
        """Descriptors for the domain of applicability; ``descriptor_names`` names their columns.

        ``features`` are those of :meth:`featurize`: what was computed is not computed again.
        """

    @abstractmethod
    def network(self, config: Config) -> nn.Module:
        """An untrained network: maps a :class:`Batch` to standardised targets, (n, n_targets).

        Where a target is an array it is a mapping from each axis to a tensor (rows, columns), the
        components of the axis's targets side by side in their order.
        """

    def fit_member(
        self,
        features: PackedFeatures,
        standard_targets: Answer,
        config: Config,
        member: int = 0,
        progress: Progress | None = None,
        start: Mapping[str, Tensor] | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> tuple[nn.Module, list[EpochLog]]:
        """Train one member; a family with a fit of its own overrides this."""
        from matops.core.learning.fitting import fit_member

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

    def fit_line(
        self, features: PackedFeatures, standard_targets: Answer, config: Config
    ) -> nn.Module | None:
        """The network as a straight line on its descriptors, which fine-tuning must beat.

        None where it has none. ``standard_targets`` are as :meth:`fit_member` has them.
        """
        return None

    def restore(self, tensors: Mapping[str, Tensor], config: Config) -> Ensemble:
        """The ensemble whose tensors were stored."""
        from matops.core.learning.training import restore_ensemble

        return restore_ensemble(partial(self.network, config), tensors)

    def derive(
        self, values: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, NDArray[np.float64]]:
        """The quantities of ``derived``, by name, from those of ``targets``, in their units.

        The shape of a scalar is (...) and that of what is derived, too; a vector has (..., 3), and
        one for each atom (..., atoms, 3). What leaves its bounds is moved to them.
        """
        return {}

    def preset(self, name: str) -> Config:
        """The configuration of a preset.

        Raises:
            KeyError: no such preset.
        """
        return self.presets[name]


class IsJudged(ABC, Generic[Config]):
    """Knows the physics that a right model obeys, and what is asked before a release."""

    @abstractmethod
    def measure_physics(
        self, predict: PredictScaled, payloads: Sequence[Payload], config: Config
    ) -> dict[str, Measurement]:
        """Measure what physics demands of any correct model: symmetries, signs, bounds."""

    @abstractmethod
    def gates(self, config: Config) -> tuple[Gate, ...]:
        """Conditions for release. The comparison with the champion is added for every family."""


class Family(Reads[Sample], Learns[Config, Sample], IsJudged[Config], Generic[Config, Sample]):
    """A kind of sample and its properties; a folder implements it once, out of functions.

    What else it can do are :mod:`~matops.core.family.skills`. ``families/README.md`` tells how a
    family is made.
    """
