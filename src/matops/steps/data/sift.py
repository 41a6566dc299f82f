"""New records against what is plausible, against one another and against what is stored."""

from matops.core.data.record import Quarantined, Record
from matops.core.data.sifting.contradiction import contradictions
from matops.core.family import Family
from matops.steps.data.refusals import Refusals
from matops.steps.ports import Lacking


def sift(family: Family, lacking: Lacking, refusals: Refusals, doubts: Refusals) -> list[Record]:
    """The new records that are to be added; what is refused or strange is told."""
    plausible = []
    for record in lacking.new:
        doubt = family.doubt(record)
        if doubt:
            _tell(record, doubt.reason, doubt.is_impossible, refusals, doubts)
        if not (doubt and doubt.is_impossible):
            plausible.append(record)
    refused = set()
    for found in contradictions(plausible, lacking.same_samples, family.targets):
        _tell(found.record, found.reason, found.is_refused, refusals, doubts)
        if found.is_refused:
            refused.add(found.record.id)
    return [record for record in plausible if record.id not in refused]


def _tell(
    record: Record, reason: str, is_refused: bool, refusals: Refusals, doubts: Refusals
) -> None:
    (refusals if is_refused else doubts).add(Quarantined(record.provenance.origin, reason))
