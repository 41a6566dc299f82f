"""Symmetry operations of a CIF: as it lists them, or else those of the space group that it names.

A name may leave open where the origin is (``F d -3 m`` has two) or which axes are meant (``R -3 m``
has two). ICSD says it behind the name: S is origin 1, Z origin 2, H hexagonal axes, R rhombohedral
ones. The settings are those of gemmi's table.

Source: International Tables for Crystallography, vol. A (2016), 1.5.3 and 2.1.3.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gemmi
import numpy as np

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

MAX_OPERATIONS = 192
"""The most operations that a space group has in its conventional cell."""
METRIC_TOLERANCE = 0.02
"""Largest relative change of the cell's metric by an operation of its symmetry."""
SETTING = re.compile(
    r"(?:\s*:\s*|\s*\(?origin\s*(?:choice)?\s*)([12SZHR])\)?$|(?<=\w)\s*((?-i:[SZHR]))$",
    re.IGNORECASE,
)
EXTENSIONS = {"S": "1", "Z": "2"}
HM_TAGS = (
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_full",
)
HALL_TAGS = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
NUMBER_TAGS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
CODE_TAG = "_space_group_IT_coordinate_system_code"


@dataclass(frozen=True)
class Symmetry:
    """One way to read a CIF's symmetry."""

    name: str  # of the setting, as in ``F d -3 m:2``; empty where the operations are listed
    operations: tuple[gemmi.Op, ...]

    def seitz(self) -> FloatArray:
        """The operations as matrices of shape (n, 4, 4)."""
        return np.array([operation.float_seitz() for operation in self.operations])


def possible_symmetries(
    block: gemmi.cif.Block, structure: gemmi.SmallStructure, lattice_A: FloatArray
) -> list[Symmetry]:
    """The readings of a block's symmetry that its cell allows: one, or several settings.

    Raises:
        BadInput: malformed operations; a space group that is unknown, does not fit the cell, or
            contradicts itself.
    """
    if len(structure.symops) > MAX_OPERATIONS:
        raise BadInput(f"the CIF has {len(structure.symops)} symmetry operations")
    if structure.symops:
        readings = [Symmetry("", tuple(gemmi.Op(text) for text in structure.symops))]
    else:
        readings = [Symmetry(g.xhm(), tuple(g.operations())) for g in _named_groups(block)]
        readings = readings or [Symmetry("", (gemmi.Op(),))]
    fitting = [reading for reading in readings if _fits(reading, lattice_A)]
    if not fitting:
        raise BadInput(
            f"the cell does not have the symmetry of {readings[0].name or 'the listed operations'}"
        )
    return fitting


def _fits(symmetry: Symmetry, lattice_A: FloatArray) -> bool:
    """Whether the operations leave the lengths and angles of the cell as they are."""
    turned = symmetry.seitz()[:, :3, :3].transpose(0, 2, 1) @ lattice_A
    metric = lattice_A @ lattice_A.T
    lengths = np.sqrt(np.diag(metric))
    change = (turned @ turned.transpose(0, 2, 1) - metric) / np.outer(lengths, lengths)
    return bool(np.abs(change).max() < METRIC_TOLERANCE)


def _named_groups(block: gemmi.cif.Block) -> list[gemmi.SpaceGroup]:
    """The settings that agree with all that the block says of its space group."""
    said = {text: look(text) for tags, look in NAMES.items() if (text := _first(block, tags))}
    unknown = next((text for text, groups in said.items() if not groups), None)
    if unknown:
        raise BadInput(f"unknown space group {unknown!r}")
    if not said:
        return []
    halls = set.intersection(*({group.hall for group in groups} for groups in said.values()))
    if not halls:
        raise BadInput(f"the space groups contradict each other: {' and '.join(said)}")
    first, *_ = said.values()
    common = list({group.hall: group for group in first if group.hall in halls}.values())
    code = _first(block, (CODE_TAG,)).lower()
    coded = [g for g in common if code and code in (_extension(g).lower(), g.qualifier)]
    return coded or _usual(common)


def _extension(group: gemmi.SpaceGroup) -> str:
    return str(group.ext).strip("\0")


def _first(block: gemmi.cif.Block, tags: Sequence[str]) -> str:
    texts = (gemmi.cif.as_string(block.find_value(tag) or "?") for tag in tags)
    return next((text.strip() for text in texts if text.strip(" ?.")), "")


def _by_name(name: str) -> list[gemmi.SpaceGroup]:
    bare = re.sub(r"\((\d)\)", r"\1", name)  # P 6(3)/m m c
    match = SETTING.search(bare)
    setting = (match[1] or match[2]).upper() if match else ""
    found = gemmi.find_spacegroup_by_name(bare[: match.start()] if match else bare)
    if found is None:
        return []
    alike = [g for g in gemmi.spacegroup_table() if (g.hm, g.number) == (found.hm, found.number)]
    wanted = EXTENSIONS.get(setting, setting)
    return [g for g in alike if wanted in ("", _extension(g))]


def _by_hall(symbol: str) -> list[gemmi.SpaceGroup]:
    try:
        found = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(symbol))
    except (RuntimeError, ValueError):
        return []
    return [g for g in gemmi.spacegroup_table() if found and g.hall == found.hall]


def _by_number(text: str) -> list[gemmi.SpaceGroup]:
    return [g for g in gemmi.spacegroup_table() if text.isdecimal() and g.number == int(text[:4])]


def _usual(groups: list[gemmi.SpaceGroup]) -> list[gemmi.SpaceGroup]:
    """Where only a number is said: the axes of International Tables, whatever the origin."""
    usual = gemmi.find_spacegroup_by_number(groups[0].number)
    return [g for g in groups if g.hm == usual.hm] or groups


NAMES: Mapping[Sequence[str], Callable[[str], list[gemmi.SpaceGroup]]] = {
    HM_TAGS: _by_name,
    HALL_TAGS: _by_hall,
    NUMBER_TAGS: _by_number,
}
"""Ways in which a CIF names its space group, and how each is looked up."""
