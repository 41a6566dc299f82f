"""Samples for a study or a search: of a source, or of the workspace's versioned data."""

from matops.artifacts.data.dataset import read_records
from matops.core.data.record import Provenance, Quarantined
from matops.core.family import Family, FamilyConfig
from matops.core.progress import Progress
from matops.entrypoints.data.ingestion import current_data, open_source
from matops.steps.learning.samples import Samples, gather_samples


def samples_of(
    family: Family, config: FamilyConfig, source: str, progress: Progress
) -> tuple[Samples, list[Quarantined]]:
    """The good samples of a source, or of the versioned data where none is named; and the refused.

    Raises:
        BadInput: there are none.
    """
    if source:
        incoming = open_source(family, config, source, Provenance("", ""), progress)
        return gather_samples(family, incoming)
    return gather_samples(family, read_records(current_data(family).directory, family.targets))
