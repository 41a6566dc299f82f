"""Component: predict a share of a screening's designs; the table's parts stay in the workspace."""

from components.step import step


@step
def screen_shard(
    family: str,
    package: str,
    count: int,
    seed: int,
    changes: str,
    shard: int,
    shards: int,
    workers: int,
) -> int:
    """Screen; the same shard again continues where it was interrupted.

    Args:
        family: whose designs.
        package: version or directory of the model package that predicts.
        count: designs in all.
        seed: of the designs.
        changes: JSON object of changed fields of the designs.
        shard: its number, from 0.
        shards: how many there are.
        workers: processes.

    Returns:
        The number of designs of this shard.
    """
    from matops.core.data.shard import Shard
    from matops.entrypoints.configuration import read_changes
    from matops.entrypoints.exploring.screening import ScreeningRequest, make_shard

    request = ScreeningRequest(family, package, count, seed, "", 0, read_changes(changes))
    return make_shard(request, Shard(shard, shards), workers)
