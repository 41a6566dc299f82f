"""Collection of what no version of the data needs, with what packages and releases name."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matops.artifacts.model.package import read_card
from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.wiring import dataset_garbage, package_store, serving
from matops.families import family_names, get_family

if TYPE_CHECKING:
    from matops.adapters.data.dvc_garbage import Garbage


def collect_garbage(oldest_h: float, also: Sequence[Path], remove: bool) -> "Garbage":
    """Find what nothing names, and remove it if that is asked for.

    Raises:
        BadInput: a package, a release or the data can't be read: then nothing is removed.
    """
    settings = read_settings()
    versions = set(_named_by_packages(settings))
    return dataset_garbage(settings).collect(versions, oldest_h, also, remove)


def _named_by_packages(settings: Settings) -> Iterator[str]:
    """Dataset versions of packages that are kept here, or run in a release."""
    packages = package_store(settings)
    for family in map(get_family, family_names()):
        kept = list(packages.released(family))
        rollout = serving(settings).rollout(family)
        for arm in rollout.arms if rollout else ():
            running = packages.find(family, arm.version)
            if running is None:
                raise BadInput(
                    f"{family.name} {arm.version} is running, but its package is neither in "
                    f"{settings.models} nor in a bucket: nobody can say which data it names"
                )
            kept.append(running)
        for card in map(read_card, kept):
            yield card.data.version
            yield from (start.data for start in card.lineage)
            if card.since_champion:
                yield card.since_champion.before
