"""Test rows that the tests of the figures share."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from matops.core.data.target import Target


def _make_rows(target: Target, n: int, seed: int = 0) -> pd.DataFrame:
    """Test rows whose error is, in turn, half of the half width and twice the half width."""
    random = np.random.default_rng(seed)
    truth, half = random.normal(2.0, 0.3, n), np.full(n, 0.1)
    predicted = truth + half * np.where(np.arange(n) % 2, 2.0, 0.5)
    columns = {"truth": truth, "predicted": predicted}
    columns |= {"lower": predicted - half, "upper": predicted + half}
    return pd.DataFrame(
        {name: target.from_scale(values) for name, values in columns.items()}
        | {
            "id": [f"r{i}" for i in range(n)],
            "group": "NaCl",
            "target": target.name,
            "domain_score": random.uniform(0, 1.4, n),
            "out_of_domain": np.arange(n) % 5 == 0,
        }
    )


@pytest.fixture
def make_rows() -> Callable[..., pd.DataFrame]:
    return _make_rows


@pytest.fixture
def texts() -> Callable[[str], str]:
    """All texts of an SVG."""
    return lambda svg: "\n".join(ElementTree.fromstring(svg).itertext())
