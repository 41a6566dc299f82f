"""Tests that every family passes, also those from outside the tree.

::

    from matops.testing import FamilyConformance

    class TestPores(FamilyConformance):
        @pytest.fixture
        def family(self):
            return get_family("pores")
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{name}"
        for name in ("describing", "judging", "learning", "packaging", "reading")
    )
)

from matops.testing.broken_models import Break, JudgedModel, answering  # noqa: E402
from matops.testing.describing import Describes  # noqa: E402
from matops.testing.judging import IsJudged, Lawful  # noqa: E402
from matops.testing.learning import Learns  # noqa: E402
from matops.testing.packaging import Packages  # noqa: E402
from matops.testing.reading import Reads  # noqa: E402

__all__ = ["Break", "FamilyConformance", "JudgedModel", "Lawful", "answering"]


class FamilyConformance(Describes, Reads, Learns, IsJudged, Packages):
    """What the platform asks of a family; a subclass has a fixture ``family``."""
