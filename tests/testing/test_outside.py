"""A family from outside the tree passes the suite as those within do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from matops.core.data.tables import Tables
from matops.core.family import Family
from matops.families import get_family
from matops.testing import Break, FamilyConformance, JudgedModel, Lawful, answering
from tests.support.outside_family import install, on_path


class TestJumps(FamilyConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def family(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
        with on_path(install(tmp_path_factory.mktemp("site"), "jumps")):
            yield get_family("jumps")

    @pytest.fixture
    def lawful(self, family: Family) -> Lawful:
        def answer(jumps: Sequence[Any]) -> Tables:
            diffusivity = [[jump.length_A**2 * jump.rate_per_ps / 6 * 1e-8] for jump in jumps]
            return Tables(family.targets, {"sample": np.log10(diffusivity)})

        jumps = [{"length_A": 2.5, "rate_per_ps": 10.0**-n} for n in range(4)]
        return Lawful([{"jump": jump} for jump in jumps], JudgedModel(answer))

    @pytest.fixture
    def breaks(self) -> Mapping[str, Break]:
        return {"diverges": answering(lambda t: t.each(lambda a: np.where(a > -8, np.inf, a)))}
