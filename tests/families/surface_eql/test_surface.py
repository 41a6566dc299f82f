"""Surfaces from payloads: symmetries of the cube, and what is refused."""

from itertools import permutations, product

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.families.surface_eql.surfaces.bulk import METALS
from matops.families.surface_eql.surfaces.surface import parse_surface

NICKEL = METALS["Ni"]._asdict()


def of_metal(hkl: object, metal: object = "Cu") -> dict[str, object]:
    return {"surface": {"metal": metal, "hkl": hkl}}


def of_bulk(**changes: object) -> dict[str, object]:
    return {"surface_of_bulk": {"hkl": [2, 1, 1], "bulk": {**NICKEL, **changes}}}


def test_all_48_equivalents_are_one_surface() -> None:
    surfaces = {
        parse_surface(of_metal([s * i for s, i in zip(signs, order, strict=True)]))
        for order in permutations((3, 2, 1))
        for signs in product((1, -1), repeat=3)
    }
    assert len(surfaces) == 1
    assert surfaces.pop().hkl == (3, 2, 1)


def test_a_common_factor_is_taken_out() -> None:
    assert parse_surface(of_metal([0, -4, 2])) == parse_surface(of_metal([2, 1, 0]))


def test_cosines_are_those_of_the_normal() -> None:
    direction = parse_surface(of_metal([1, 2, 2])).direction
    assert direction == pytest.approx(np.array([2, 2, 1]) / 3)


def test_a_metal_is_its_bulk_properties() -> None:
    by_name = parse_surface(of_metal([2, 1, 1], "Ni"))
    assert parse_surface(of_bulk()) == by_name
    assert by_name.bulk.features["K_GPa"] == pytest.approx((233.273 + 2 * 154.287) / 3)


def test_a_stacking_fault_may_gain_energy_and_nothing_else_may() -> None:
    assert parse_surface(of_bulk(intrinsic_fault_J_per_m2=-0.01)).bulk[5] == -0.01
    with pytest.raises(BadInput, match="C44_GPa must be above 0"):
        parse_surface(of_bulk(C44_GPa=-1.0))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (of_metal([0, 0, 0]), "hkl"),
        (of_metal([1, 0]), "hkl"),
        (of_metal([1.5, 0, 0]), "hkl"),
        (of_metal([True, False, False]), "hkl"),
        (of_metal([10**6, 1, 0]), "hkl"),
        (of_metal([1, 0, 0], "Fe"), "none of Ag"),
        (of_bulk(a_A="3.5"), "number a_A"),
        (of_bulk(a_A=float("nan")), "a_A"),
        ({**of_metal([1, 0, 0]), **of_bulk()}, "either"),
    ],
)
def test_what_is_no_surface_is_refused(payload: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_surface(payload)
