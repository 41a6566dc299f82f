"""Moduli in tables: under which headings they stand, in GPa or as their logarithm."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matops.core.data.value import one_value, plain_number
from matops.core.errors import BadInput

COLUMN_NAMES = {
    "K_VRH": ("K_VRH", "K_VRH_GPa", "bulk_modulus_vrh", "k_vrh"),
    "G_VRH": ("G_VRH", "G_VRH_GPa", "shear_modulus_vrh", "g_vrh"),
}
"""Names under which a modulus in GPa is found; ``log10(name)`` is understood for each."""
ORDER = ("id", *COLUMN_NAMES)
"""Of the columns of a table without headings."""
LARGEST_LOGARITHM = 3.0
"""log10 of 1000 GPa. Where no modulus of a table is above 3, they may be GPa or logarithms."""


def headings_of(target: str) -> tuple[str, ...]:
    """All headings under which a modulus is found."""
    names = COLUMN_NAMES[target]
    return (*names, *(f"log10({name})" for name in names))


HEADINGS = tuple(heading for target in COLUMN_NAMES for heading in headings_of(target))
"""Of all moduli."""


def moduli_GPa(row: Mapping[str, Any]) -> dict[str, float]:
    """The moduli of a row by target; where several columns have one, they must agree.

    Raises:
        BadInput: one is missing, is no number, or its columns contradict each other.
    """
    stated = stated_moduli(row)
    for target, names in COLUMN_NAMES.items():
        if target not in stated:
            raise BadInput(f"no value for {target} ({', '.join(names)})")
    return {target: value_GPa for target, (_, value_GPa) in stated.items()}


def stated_moduli(row: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """Heading and value in GPa of each modulus that a row has, by target.

    Raises:
        BadInput: one is no number, or its columns contradict each other.
    """
    stated = {}
    for target in COLUMN_NAMES:
        headings = [name for name in headings_of(target) if row.get(name) is not None]
        value_GPa = one_value([(name, _in_GPa(name, row[name])) for name in headings])
        if value_GPa is not None:
            stated[target] = headings[0], value_GPa
    return stated


def _in_GPa(heading: str, content: Any) -> float:
    try:
        number = plain_number(content)
        return float(10.0**number) if heading.startswith("log10") else number
    except OverflowError:
        raise BadInput(f"{heading}: 10 to the power of {number:g} GPa is no modulus") from None
    except BadInput as error:
        raise BadInput(f"{heading}: {error}") from None


def table_headings(rows: Sequence[Sequence[str]], name: str) -> tuple[list[str], int]:
    """The headings of a table's columns, and how many of its rows they take.

    A table without any has id, K_VRH and G_VRH, in GPa.

    Raises:
        BadInput: a modulus has no column or two of one name; or a table without headings has other
            columns, or may hold logarithms.
    """
    if not rows or not _is_data(rows[0]):
        headings = [field.strip() for field in rows[0]] if rows else []
        _check_headings(headings, name)
        return headings, 1
    if len(rows[0]) != len(ORDER):
        raise BadInput(
            f"{name}: {len(rows[0])} columns without headings; {', '.join(ORDER)} are expected, "
            "and decimals take a point"
        )
    numbers = [float(cell) for row in rows if _is_data(row) for cell in row[1:3] if _is_float(cell)]
    if max(numbers) <= LARGEST_LOGARITHM:
        raise BadInput(
            f"{name}: moduli from {min(numbers):g} to {max(numbers):g} without headings may be GPa "
            f"or logarithms; write {','.join(ORDER)} or id,log10(K_VRH),log10(G_VRH) above them"
        )
    return list(ORDER), 0


def _check_headings(headings: Sequence[str], name: str) -> None:
    for heading, times in Counter(headings).items():
        if times > 1 and heading in HEADINGS:
            raise BadInput(f"{name}: {times} columns {heading}; keep one")
    missing = [t for t in COLUMN_NAMES if not set(headings_of(t)) & set(headings)]
    if missing:
        raise BadInput(f"{name}: no column {' and no column '.join(missing)} (GPa)")


def _is_data(row: Sequence[str]) -> bool:
    return len(row) > 1 and _is_float(row[1])


def _is_float(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
