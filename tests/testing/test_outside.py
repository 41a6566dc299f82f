"""A family from outside the tree passes the suite as those within do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matops.core.family import Family
from matops.families import get_family
from matops.testing import FamilyConformance
from tests.support.outside_family import install, on_path


class TestJumps(FamilyConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def family(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
        with on_path(install(tmp_path_factory.mktemp("site"), "jumps")):
            yield get_family("jumps")
