"""The same for several families, as scheduled jobs do it."""

from collections.abc import Callable, Iterable

from matops.core.errors import BadInput


def for_each(families: Iterable[str], do: Callable[[str], None]) -> None:
    """Do something for each family; one that it can't be done for keeps no other from it.

    Raises:
        BadInput: at the end, with all reasons in one line.
    """
    reasons = []
    for family in families:
        try:
            do(family)
        except BadInput as error:
            reasons.append(str(error))
    if reasons:
        raise BadInput("; ".join(reasons))
