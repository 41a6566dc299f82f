"""Skills that a family may have beside the contract; callers ask with ``isinstance``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Payload, Record
from matops.core.data.shard import WHOLE, Shard
from matops.core.data.sources import Incoming
from matops.core.exploring.screening import Objectives
from matops.core.family.config import Config, Sample
from matops.core.progress import Progress
from matops.core.quality.picture import View

if TYPE_CHECKING:
    from matops.core.learning.training import Ensemble


class Simulates(ABC, Generic[Config]):
    """Makes labels itself: the source ``simulation``."""

    @abstractmethod
    def simulate(
        self, config: Config, work_dir: Path, workers: int, progress: Progress, shard: Shard = WHOLE
    ) -> Incoming:
        """Records made by the family's own simulation, those of a share of the samples.

        ``work_dir`` keeps finished simulations, those of other shards too: interrupted ones
        continue there, and what was simulated in shards is not simulated again.
        """


class TakesFromDatabases(ABC, Generic[Config]):
    """Takes labels from a database: the source ``materials-project``."""

    @abstractmethod
    def database_query(self, config: Config) -> DatabaseQuery:
        """Which materials to ask a database for."""

    @abstractmethod
    def from_database(self, entry: DatabaseEntry) -> Record:
        """The record of a database's entry.

        Raises:
            BadInput: the entry is no valid sample.
        """


class Designs(ABC, Generic[Config]):
    """Generates designs for screenings."""

    objectives: ClassVar[Objectives]
    """What designs are judged by."""

    @abstractmethod
    def design(self, index: int, seed: int, config: Config) -> Payload:
        """Design number ``index`` of a screening, the same whenever it is asked for; cheap."""

    def design_key(self, config: Config) -> object:
        """All that :meth:`design` reads of a configuration: equal keys, equal designs."""
        return config


class Confirms(ABC, Generic[Config]):
    """Simulates given samples: confirms what a screening found."""

    @abstractmethod
    def confirm(
        self,
        payloads: Sequence[Payload],
        config: Config,
        work_dir: Path,
        workers: int,
        progress: Progress,
    ) -> Incoming:
        """Simulate designs: a record or a refusal for each payload, in their order.

        Finished simulations are kept in ``work_dir``: interrupted ones continue there.
        """


class IsPictured(ABC, Generic[Sample]):
    """Shows what a sample looks like; the report shows those with the largest errors."""

    @abstractmethod
    def picture(self, sample: Sample) -> Sequence[View]:
        """A few views of a sample; none where they would show nothing."""


class Explains(ABC, Generic[Config]):
    """Says in words or formulas what a model has learnt, as in a closed form."""

    @abstractmethod
    def explain(self, ensemble: Ensemble, config: Config) -> Mapping[str, str]:
        """Texts by heading; card, report and the server's metadata show them."""
