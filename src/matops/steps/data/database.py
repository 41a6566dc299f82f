"""Records from a database of materials."""

from functools import partial

from matops.core.data.record import Quarantined, or_quarantined
from matops.core.family import FamilyConfig, Incoming, TakesFromDatabases
from matops.core.progress import Progress
from matops.steps.ports import MaterialsDatabase


def read_database(
    family: TakesFromDatabases,
    config: FamilyConfig,
    database: MaterialsDatabase,
    progress: Progress,
) -> Incoming:
    """A record for each material that a family asks for; unusable ones are yielded as quarantined.

    Raises:
        BadInput: the database refuses, or can't be reached.
    """
    query = family.database_query(config)
    for entry in database.entries(query, progress):
        if entry.document:
            yield or_quarantined(entry.provenance.origin, partial(family.from_database, entry))
        else:
            reason = f"no {query.collection}: the database lists the material without one"
            yield Quarantined(entry.provenance.origin, reason)
