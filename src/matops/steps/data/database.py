"""Records from a database of materials."""

from matops.core.data.record import Quarantined
from matops.core.errors import BadInput
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
        origin = entry.provenance.origin
        try:
            if not entry.document:
                raise BadInput(
                    f"no {query.collection}: the database lists the material without one"
                )
            yield family.from_database(entry)
        except BadInput as error:
            yield Quarantined(origin, str(error).removeprefix(f"{origin}: "))
