"""Every family, found by looking, passes the suite that families from outside the tree take too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest

from matops.core.family import Family
from matops.families import family_names, get_family
from matops.testing import Break, FamilyConformance, Lawful
from tests.support import trapped_models
from tests.support.trapped_atoms import FAMILY as TRAPPED
from tests.support.trapped_atoms import installed


@pytest.fixture(params=family_names(), scope="module")
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn."""
    return get_family(request.param)


class TestFamily(FamilyConformance):
    """All that the platform asks; a family's ``judged.py`` has what its gates are tried on."""

    @pytest.fixture
    def lawful(self, family: Family) -> Lawful:
        return import_module(f"tests.families.{family.name}.judged").LAWFUL

    @pytest.fixture
    def breaks(self, family: Family) -> Mapping[str, Break]:
        return import_module(f"tests.families.{family.name}.judged").BREAKS


class TestFamilyWithArrays(FamilyConformance):
    """The same of a family whose targets are a scalar, a vector and a vector for each atom."""

    @pytest.fixture(scope="class")
    def family(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
        """Installed as one from outside the tree."""
        with installed(tmp_path_factory.mktemp("site")):
            yield TRAPPED

    @pytest.fixture
    def lawful(self) -> Lawful:
        return trapped_models.LAWFUL

    @pytest.fixture
    def breaks(self) -> Mapping[str, Break]:
        return trapped_models.BREAKS
