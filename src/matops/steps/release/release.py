"""Release: an accepted candidate becomes the champion; a rejected one never does."""

from pathlib import Path

from matops.artifacts.model.package import load_checked, read_card, read_config
from matops.core.errors import BadInput
from matops.core.quality.card import Card
from matops.core.quality.gate import Gate, champion_gates, judge
from matops.families import get_family
from matops.steps.ports import PackageStore


def check_releasable(package: Path) -> Card:
    """The card of a candidate whose verdict allows its release; its golden requests are re-run.

    Raises:
        BadInput: the verdict is a rejection, was tampered with or is not on the family's gates, or
            the package is damaged.
    """
    card = read_card(package)
    gates = [result.gate for result in card.verdict.results]
    if judge(gates, card.measurements) != card.verdict:
        raise BadInput(f"{package}: not released, its verdict does not follow from its numbers")
    if not card.verdict.accepted:
        failed = ", ".join(result.gate.name for result in card.verdict.failures)
        raise BadInput(f"{package}: not released, its gates failed: {failed or 'none was applied'}")
    expected = _gates_of_family(card)
    asked = {gate.name: gate for gate in gates}
    changed = [g.name for g in expected if g.name not in asked or not g.asks_as(asked[g.name])]
    if changed:
        raise BadInput(
            f"{package}: not released, it was not asked what {card.family} asks: "
            f"{', '.join(changed)}; evaluate it again"
        )
    load_checked(package)
    return card


def _gates_of_family(card: Card) -> tuple[Gate, ...]:
    """What a model of this configuration, and with this champion, has to pass."""
    family = get_family(card.family)
    config = read_config(family, card)
    gates = family.gates(config)
    if not card.champion:
        return gates
    tolerance = config.evaluation.champion_tolerance
    return gates + champion_gates(family.targets, tolerance, card.champion)


def release(package: Path, store: PackageStore) -> Path:
    """Publish a candidate at once, where no deployment could show it on live traffic first.

    Returns:
        Directory of the released package.

    Raises:
        BadInput: the verdict is a rejection or was tampered with, or the package is damaged.
    """
    card = check_releasable(package)
    return store.publish(get_family(card.family), package)
