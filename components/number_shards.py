"""Component: number the shards of a campaign."""

from components.step import step


@step
def number_shards(family: str, preset: str, changes: str, shards: int) -> list[int]:
    """Check what is asked before anything is started, and number the shards.

    Args:
        family: family name.
        preset: preset that configures the simulation.
        changes: JSON object of changed configuration fields.
        shards: how many.

    Returns:
        Their numbers, from 0.
    """
    from matops.entrypoints.exploring.shards import number_shards as number

    return number(family, preset, changes, shards)
