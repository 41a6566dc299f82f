"""Every family, found by looking, passes the suite that families from outside the tree take too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matops.core.family import Family
from matops.families import family_names, get_family
from matops.testing import FamilyConformance
from tests.support.trapped_atoms import FAMILY as TRAPPED
from tests.support.trapped_atoms import installed


@pytest.fixture(params=family_names(), scope="module")
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn."""
    return get_family(request.param)


class TestFamily(FamilyConformance):
    """All that the platform asks."""


class TestFamilyWithArrays(FamilyConformance):
    """The same of a family whose targets are a scalar, a vector and a vector for each atom."""

    @pytest.fixture(scope="class")
    def family(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
        """Installed as one from outside the tree."""
        with installed(tmp_path_factory.mktemp("site")):
            yield TRAPPED
