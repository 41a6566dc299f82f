"""Every family, found by looking, passes the suite that families from outside the tree take too."""

from __future__ import annotations

import pytest

from matops.core.family import Family
from matops.families import family_names, get_family
from matops.testing import FamilyConformance


@pytest.fixture(params=family_names(), scope="module")
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn."""
    return get_family(request.param)


class TestFamily(FamilyConformance):
    """All that the platform asks."""
