"""Numbers and limits as pages show them."""

from __future__ import annotations

import pytest

from matops.artifacts.pages.page import format_limit, format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04123, "0.0412"), (0.09999, "0.100"), (-1.5, "−1.50"), (1234.5, "1,234"), (0.0, "0"),
        (3.1e-7, "3.10 × 10⁻⁷"), (None, "–"), (float("nan"), "not finite"), (1.0, "1.00"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.06, "0.06"), (200.0, "200"), (1e-5, "10⁻⁵"), (2.5e-7, "2.5 × 10⁻⁷")]
)
def test_limits_are_shown_as_written(value: float, text: str) -> None:
    assert format_limit(value) == text
