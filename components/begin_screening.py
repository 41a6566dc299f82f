"""Component: begin a screening in the workspace, and number its shards."""

from components.step import step


@step
def begin_screening(
    family: str,
    package: str,
    count: int,
    seed: int,
    merit: str,
    confirm: int,
    changes: str,
    shards: int,
) -> list[int]:
    """Check what is asked before anything is started, and number the shards.

    Args:
        family: whose designs.
        package: version or directory of the model package that predicts.
        count: designs in all; a larger number extends an earlier screening.
        seed: of the designs.
        merit: what to have most of; empty for the family's first merit.
        confirm: designs to simulate.
        changes: JSON object of changed fields of the designs.
        shards: how many; fewer where there are fewer parts.

    Returns:
        Their numbers, from 0.
    """
    from matops.entrypoints.configuration import read_changes
    from matops.entrypoints.exploring.screening import ScreeningRequest, begin_shards

    request = ScreeningRequest(family, package, count, seed, merit, confirm, read_changes(changes))
    return begin_shards(request, shards)
