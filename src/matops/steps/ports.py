"""What the steps ask of the outside world; adapters provide it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Payload, Record
from matops.core.family import Family
from matops.core.monitoring.live import LiveTraffic
from matops.core.monitoring.retraining import Attempt, ServingStatistics
from matops.core.progress import Progress
from matops.core.quality.prediction import Prediction
from matops.core.release.decision import Decision
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.traffic import ArmTraffic

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@dataclass(frozen=True)
class DatasetVersion:
    """One version of a family's data, present on this machine."""

    version: str  # the dataset's content hash
    directory: Path  # where its parts lie; read only


@dataclass(frozen=True)
class Appended(DatasetVersion):
    """The version after an append."""

    added: int  # records that are new; the others the data had already


@dataclass(frozen=True)
class Lacking:
    """What the published data lacks of some records."""

    new: Sequence[Record]
    same_samples: Sequence[Record]  # published records of the new ones' samples


class DatasetStore(Protocol):
    """Versioned data."""

    def checkout(self, family: Family) -> DatasetVersion | None:
        """The published version of a family's data, or None while it has none."""

    def append(self, family: Family, records: Sequence[Record]) -> Appended:
        """Add the records that the data lacks as one part, store it remotely and publish it."""

    def lacking(self, family: Family, records: Sequence[Record]) -> Lacking:
        """Which of these records the data lacks, and what it has of their samples."""

    def open(self, family: Family, version: str) -> DatasetVersion:
        """A version by its hash, the published one or an earlier one.

        Raises:
            BadInput: it is not known here, or its parts can't be had.
        """

    def addresses(self, family: Family, version: str) -> Mapping[str, str]:
        """URL at which the remote has each part of a version, by the part's file name.

        Raises:
            BadInput: the version is not known here.
        """

    def pointer_text(self) -> str:
        """Content of the small file from which all published data can be had elsewhere.

        Raises:
            BadInput: nothing is published yet.
        """


class CheckpointStore(Protocol):
    """Where unfinished trainings are kept, a folder each; worker processes get a copy of it.

    A name is ``folder/file``. Each method raises BadInput, in one line, where the store can't be
    had.
    """

    @property
    def address(self) -> str:
        """How people name the store."""

    def names(self, folder: str) -> list[str]:
        """Names of the whole files of a folder; none if it is not there."""

    def read(self, name: str) -> bytes:
        """Content of a file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically: a crash leaves no partial file."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and its folder with the last one."""


class PackageStore(Protocol):
    """Released model packages, and the last attempt to make a better one."""

    def champion(self, family: Family) -> Path | None:
        """Directory of the package that is released now, or None while there is none."""

    def keep(self, family: Family, package: Path) -> Path:
        """Keep a package for good and return its directory."""

    def kept(self, family: Family, version: str) -> Path:
        """Directory of a package that is kept.

        Raises:
            BadInput: it is not here.
        """

    def publish(self, family: Family, package: Path) -> Path:
        """Keep a package for good, make it the champion and return its directory."""

    def released(self, family: Family) -> list[Path]:
        """Directories of all packages that were ever released, oldest first."""

    def last_attempt(self, family: Family) -> Attempt | None:
        """The last attempt to retrain, or None while there was none."""

    def note_attempt(self, family: Family, attempt: Attempt) -> None:
        """Remember an attempt in place of the one before."""

    def decisions(self, family: Family) -> list[Decision]:
        """All decisions on releases, the oldest first."""

    def last_look(self, family: Family) -> str:
        """ISO time, UTC, of the last decision on a release; empty while there was none."""

    def last_end(self, family: Family, version: str) -> Decision | None:
        """The decision that ended the last release of a version; None while there is none."""

    def note_decision(self, family: Family, decision: Decision) -> None:
        """Add a decision, with its evidence, to all before."""


class ServingMonitor(Protocol):
    """What released models meet."""

    def statistics(self, family: Family) -> ServingStatistics | None:
        """Statistics of a family's served samples, or None while there are none.

        Raises:
            BadInput: they can't be measured now; the message says why.
        """


class LiveMetrics(Protocol):
    """Counts that servers publish."""

    def live(self, family: Family, model: str, since: datetime, until: datetime) -> LiveTraffic:
        """What a model met in a window, over all its running copies.

        Raises:
            BadInput: the counts can't be had now.
        """


class Serving(Protocol):
    """Where packages run and share the traffic; the state of a release is kept there."""

    @property
    def is_led_by_schedule(self) -> bool:
        """Whether a scheduled judge leads releases, so that who begins one does not wait."""

    @property
    def can_mirror(self) -> bool:
        """Whether a candidate can get copies of all requests, with nobody waiting for answers."""

    def prometheus_command(self, url: str) -> list[str]:
        """Command line of a Prometheus for this URL; none where the deployments need none."""

    def rollout(self, family: Family) -> Rollout | None:
        """The state on the deployment, or None while nothing is deployed."""

    def apply(self, family: Family, rollout: Rollout) -> None:
        """Reconcile the deployment with a state; idempotent.

        Arms that the state names are started before they get traffic, and those that it no
        longer names finish their requests before they end. The champion answers throughout. It
        need not wait until a new arm is ready: the same call again gives it its share then.

        Raises:
            BadInput: the deployment has moved on since the state was decided (its generation is
                not the one before), or can't be reached.
        """

    def unready(self, family: Family) -> dict[str, str]:
        """Arms that don't answer yet or any more, by name, each with what is known of why."""

    def unreconciled(self, family: Family) -> str:
        """Why the controller has not reconciled the last generation; empty if it has."""

    def address(self, family: Family, arm: Arm) -> str:
        """URL at which one arm alone can be asked, past the split of the traffic."""

    def url(self, family: Family) -> str:
        """Where clients ask; empty while that is not known."""

    def location(self, family: Family, package: Path) -> str:
        """Where the deployment reads a package that is kept here.

        Raises:
            BadInput: it can't be read from there.
        """

    def stop(self, family: Family) -> None:
        """End all arms after the requests under way, and forget the deployment.

        Raises:
            BadInput: nothing is deployed.
        """


class TrafficMonitor(Protocol):
    """What the arms of a release meet."""

    def traffic(self, family: Family, arm: Arm, since: datetime, until: datetime) -> ArmTraffic:
        """Counts of one arm in a window; what can't be measured is None, never zero.

        Raises:
            BadInput: what was asked does not measure anything.
        """


class Announcer(Protocol):
    """Who is told of each move of a release."""

    def announce(self, family: Family, decision: Decision) -> None:
        """Tell a decision that changed a release, in bounded time; no failure is raised."""


@dataclass(frozen=True)
class Registration:
    """A released package as registries of models know it."""

    family: str  # name of its family
    title: str  # what the family is about
    version: str  # of the package
    address: str  # URL of the package
    tags: Mapping[str, str]  # what people look for: data version, verdict, commit, signature


class ModelRegistry(Protocol):
    """A catalogue of released models that other programs read."""

    def register(self, registration: Registration) -> str:
        """Have a released package in it, as the one that serves; idempotent, in bounded time.

        Returns:
            Its name there.

        Raises:
            BadInput: the registry can't be reached, or refuses.
        """


class ArmClient(Protocol):
    """Questions to one arm."""

    def ask(self, url: str, family: Family, payload: Payload) -> Prediction | None:
        """The answer to one sample, or None where there is none; what is no number is NaN."""

    def recent(self, url: str) -> list[Payload]:
        """Samples that the arm was asked about lately; none where it keeps none."""


class MaterialsDatabase(Protocol):
    """A public database of materials."""

    def entries(self, query: DatabaseQuery, progress: Progress) -> Iterator[DatabaseEntry]:
        """The materials that answer a query, in a fixed order.

        Raises:
            BadInput: the database refuses, or can't be reached.
        """


class TrialStore(Protocol):
    """Where the trials of searches are kept, for several processes at once."""

    def open(self) -> "BaseStorage":
        """What Optuna's studies are kept in.

        Raises:
            BadInput: it can't be read.
        """
