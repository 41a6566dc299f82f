"""Deployments of what is released already."""

from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release import rollout as states
from matops.core.release.rollout import Rollout
from matops.steps.ports import PackageStore, Serving


def deploy_champion(family: Family, serving: Serving, packages: PackageStore) -> Rollout:
    """Deploy the released model where nothing is deployed; else repair what is missing.

    Raises:
        BadInput: no model is released.
    """
    rollout = serving.rollout(family)
    if rollout is None:
        champion = packages.champion(family)
        if champion is None:
            raise BadInput(f"{family.name} has no released model to deploy")
        kept = packages.keep(family, champion)
        rollout = states.deploy_first(champion.name, serving.location(family, kept))
    serving.apply(family, rollout)
    return rollout
