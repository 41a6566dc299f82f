"""Release: an accepted candidate becomes the champion; a rejected one never does."""

from pathlib import Path

from matops.artifacts.model.package import load_checked, read_card
from matops.core.errors import BadInput
from matops.core.quality.card import Card
from matops.core.quality.gate import judge
from matops.families import get_family
from matops.steps.ports import PackageStore


def check_releasable(package: Path) -> Card:
    """The card of a candidate whose verdict allows its release; its golden requests are re-run.

    Raises:
        BadInput: the verdict is a rejection or was tampered with, or the package is damaged.
    """
    card = read_card(package)
    gates = [result.gate for result in card.verdict.results]
    if judge(gates, card.measurements) != card.verdict:
        raise BadInput(f"{package}: not released, its verdict does not follow from its numbers")
    if not card.verdict.accepted:
        failed = ", ".join(result.gate.name for result in card.verdict.failures)
        raise BadInput(f"{package}: not released, its gates failed: {failed or 'none was applied'}")
    load_checked(package)
    return card


def release(package: Path, store: PackageStore) -> Path:
    """Publish a candidate at once, where no deployment could show it on live traffic first.

    Returns:
        Directory of the released package.

    Raises:
        BadInput: the verdict is a rejection or was tampered with, or the package is damaged.
    """
    card = check_releasable(package)
    return store.publish(get_family(card.family), package)
