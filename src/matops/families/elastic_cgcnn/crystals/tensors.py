"""Moduli of a crystal from its elastic tensor, and the documents that carry one.

A document says the same thing several times: as a tensor, as a compliance, as averages. What does
not agree is refused with both numbers, since nobody knows which is right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.value import plain_number
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.labels import stated_moduli
from matops.physics.arrays import FloatArray
from matops.physics.elasticity import stiffness_eigenvalues_GPa, voigt_reuss_hill
from matops.simulators.output.manifest_table import QUANTITY, read_quantities
from matops.simulators.output.stiffness import STIFFNESS, read_stiffness
from matops.simulators.output.voigt import VOIGT_ORDER, in_voigt_order

ASYMMETRY = 0.02
"""How far C_ij and C_ji may differ, as a share of the largest constant: fits of stresses are not
symmetric exactly, and what is averaged here moves K and G by less than a percent."""
AGREEMENT = 0.01
"""How far the averages that a document states may lie from those of its tensor; also the largest
element of C S - 1 of its tensor and its compliance."""
ROUNDED_GPa = 1.0
"""The same for tensors in IEEE orientation, which databases round to whole GPa."""
ORDER = "voigt_order"
AVERAGES = {
    "K_VRH": (("derived_properties", "k_vrh"), ("bulk_modulus", "vrh")),
    "G_VRH": (("derived_properties", "g_vrh"), ("shear_modulus", "vrh")),
}
"""Where atomate2 and the Materials Project have the averages of a document, in GPa."""


@dataclass(frozen=True, eq=False)
class LabelTensor:
    """The elastic tensor of a document."""

    stiffness_GPa: FloatArray  # (6, 6), Voigt order, symmetric only within rounding
    place: str  # where it stands, as in ``elastic_tensor.raw (GPa)``
    rounding_GPa: float  # how much a rounding of its constants may have moved their averages


def moduli_of_tensor(stiffness_GPa: FloatArray) -> dict[str, float]:
    """K_VRH and G_VRH in GPa of a stiffness, (6, 6) in GPa, after Voigt, Reuss and Hill.

    Raises:
        BadInput: it is not symmetric, or not stable after Born.
    """
    _check_symmetry(stiffness_GPa)
    symmetric_GPa = (stiffness_GPa + stiffness_GPa.T) / 2
    eigenvalues_GPa = stiffness_eigenvalues_GPa(symmetric_GPa)
    if eigenvalues_GPa[0] <= 0:
        turned = "; is the sign turned round?" if eigenvalues_GPa[-1] < 0 else ""
        raise BadInput(
            "mechanically unstable: the smallest eigenvalue of the stiffness is "
            f"{eigenvalues_GPa[0]:.4g} GPa{turned}"
        )
    moduli = voigt_reuss_hill(symmetric_GPa)
    return {"K_VRH": moduli.K_VRH_GPa, "G_VRH": moduli.G_VRH_GPa}


def _check_symmetry(stiffness_GPa: FloatArray) -> None:
    if not np.isfinite(stiffness_GPa).all():
        raise BadInput("a constant of the stiffness is not finite")
    difference = np.abs(stiffness_GPa - stiffness_GPa.T)
    i, j = np.unravel_index(difference.argmax(), difference.shape)
    if difference[i, j] > ASYMMETRY * np.abs(stiffness_GPa).max():
        raise BadInput(
            f"the stiffness is not symmetric: C{i + 1}{j + 1} = {stiffness_GPa[i, j]:.4g} GPa and "
            f"C{j + 1}{i + 1} = {stiffness_GPa[j, i]:.4g} GPa"
        )


def tensor_of_document(document: Mapping[str, Any]) -> LabelTensor | None:
    """The elastic tensor that a record of a table or a document carries; None if it has none.

    A document of atomate2 or the Materials Project has ``elastic_tensor`` with ``raw`` or
    ``ieee_format``, in GPa and Voigt order; a plain record has ``C [unit]`` and ``voigt_order``.

    Raises:
        BadInput: a tensor that is none, or whose order or unit is not stated.
    """
    headings = [name for name in document if (q := QUANTITY.match(name)) and q["name"] == "C"]
    tensors = document.get("elastic_tensor")
    if headings:
        return _plain_tensor(document, headings)
    if not isinstance(tensors, Mapping):
        if tensors is not None and not stated_moduli(document):
            raise BadInput(f'elastic_tensor says no order: write "C [GPa]" and "{ORDER}"')
        return None
    for name, rounding_GPa in (("raw", 0.0), ("ieee_format", ROUNDED_GPa)):
        content = tensors.get(name)
        if content is not None:
            if document.get("order") == 3:  # then the constants of third order follow it
                content = content[0] if isinstance(content, list) and content else content
            place = f"elastic_tensor.{name}"
            return LabelTensor(_matrix(content, place), f"{place} (GPa)", rounding_GPa)
    raise BadInput("elastic_tensor has neither raw nor ieee_format: was nothing fitted?")


def _plain_tensor(document: Mapping[str, Any], headings: list[str]) -> LabelTensor:
    order = document.get(ORDER)
    names = order.split() if isinstance(order, str) else order
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput(f'{headings[0]}: write "{ORDER}": "{" ".join(VOIGT_ORDER)}" beside it')
    stiffness = {heading: document[heading] for heading in headings}
    try:
        stated = read_quantities(stiffness, (STIFFNESS,), Path)
        matrix_GPa = in_voigt_order(stated[STIFFNESS.name], names)
    except (BadInput, ValueError) as error:
        reason = str(error).removeprefix(f"{headings[0]}: ")
        raise BadInput(f"{headings[0]}: {reason}") from None
    return LabelTensor(matrix_GPa, f"{headings[0]} ({' '.join(names)})", 0.0)


def _matrix(content: Any, place: str) -> FloatArray:
    try:
        return read_stiffness(content)
    except BadInput as error:
        raise BadInput(f"{place}: {error}") from None


def check_agreement(
    document: Mapping[str, Any], tensor: LabelTensor, moduli_GPa: Mapping[str, float]
) -> None:
    """Whether a document's own averages and compliance are those of its tensor.

    Raises:
        BadInput: they are not; both numbers are named.
    """
    for target, place, stated_GPa in _stated_averages(document):
        of_tensor_GPa = moduli_GPa[target]
        allowed_GPa = max(AGREEMENT * of_tensor_GPa, tensor.rounding_GPa)
        if abs(stated_GPa - of_tensor_GPa) > allowed_GPa:
            raise BadInput(
                f"{place} says {stated_GPa:.4g} GPa, but {target} of {tensor.place} is "
                f"{of_tensor_GPa:.4g} GPa"
            )
    compliances = document.get("compliance_tensor")
    raw = compliances.get("raw") if isinstance(compliances, Mapping) else None
    if raw is not None and not tensor.rounding_GPa:
        per_TPa = _matrix(raw, "compliance_tensor.raw")
        product = tensor.stiffness_GPa @ per_TPa / 1000
        distance = float(np.abs(product - np.eye(6)).max())
        if not distance <= AGREEMENT:
            raise BadInput(
                "compliance_tensor.raw (1/TPa) is not the inverse of elastic_tensor.raw (GPa): "
                f"their product is off the unit matrix by {distance:.3g}"
            )


def _stated_averages(document: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Target, place and value in GPa of each average that a document states."""
    for target, places in AVERAGES.items():
        for group, name in places:
            averages = document.get(group)
            value = averages.get(name) if isinstance(averages, Mapping) else None
            if value is not None:
                yield target, f"{group}.{name}", plain_number(value)
    for target, (heading, value_GPa) in stated_moduli(document).items():
        yield target, heading, value_GPa
