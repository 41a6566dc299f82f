"""A verdict as text: nobody can overlook a failed gate."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from rich.table import Table

from matops.artifacts.model.package import read_card
from matops.core.quality.card import Card
from matops.core.quality.gate import Gate, Measurement, judge
from matops.entrypoints.learning.verdict_text import (
    measurement_table,
    verdict_markdown,
    verdict_table,
)

if TYPE_CHECKING:
    from tests.conftest import Released

GATES = (
    Gate("bulk error", "K.mae", "<=", 0.0625, "log10(GPa)", "a paper"),
    Gate("coverage", "K.coverage", ">=", 0.9, "1", "a rule"),
    Gate("speed", "latency", "<=", 250.0, "ms", "a need"),
)


@pytest.fixture
def card(released: Released) -> Card:
    return read_card(released.package)


def judged(card: Card, **measured: float) -> Card:
    units = {"K.mae": "log10(GPa)", "K.coverage": "1", "latency": "ms"}
    names = {"mae": "K.mae", "coverage": "K.coverage", "latency": "latency"}
    found = {names[k]: Measurement(v, units[names[k]]) for k, v in measured.items()}
    return replace(card, verdict=judge(GATES, found))


def printed(table: Table) -> str:
    text = StringIO()
    Console(file=text, width=200).print(table)
    return text.getvalue()


def row(text: str, gate: str) -> str:
    (line,) = [line for line in text.splitlines() if gate in line]
    return line


def test_a_failed_gate_is_marked_with_value_limit_and_source(card: Card) -> None:
    text = verdict_markdown(judged(card, mae=0.0875, coverage=0.95, latency=10.0))
    assert row(text, "bulk error") == (
        "| **FAIL** | bulk error | 0.0875 | <= 0.0625 log10(GPa) | a paper |"
    )
    assert row(text, "coverage").startswith("| pass |")
    assert "rejected: 1 gates failed" in text.splitlines()[0]


def test_a_missing_measurement_is_a_failure_and_says_so(card: Card) -> None:
    text = verdict_markdown(judged(card, mae=0.05, coverage=0.95))
    assert row(text, "speed") == "| **FAIL** | speed | not measured | <= 250 ms | a need |"


def test_an_accepted_model_shows_no_failure(card: Card) -> None:
    accepted = judged(card, mae=0.05, coverage=0.95, latency=10.0)
    for text in (verdict_markdown(accepted), printed(verdict_table(accepted))):
        assert "FAIL" not in text
        assert "accepted" in text.splitlines()[0]


def test_the_terminal_says_what_the_markdown_says(card: Card) -> None:
    rejected = judged(card, mae=0.0875, coverage=0.25, latency=10.0)
    text = printed(verdict_table(rejected))
    for result in rejected.verdict.results:
        assert ("FAIL" in row(text, result.gate.name)) is not result.passed
    assert "rejected: 2 gates failed" in text


def test_every_measurement_is_shown_with_unit_and_interval() -> None:
    text = printed(
        measurement_table(
            {
                "K.mae": Measurement(0.0375, "log10(GPa)", 0.0348, 0.0405, rows=3953),
                "latency": Measurement(4.25, "ms"),
            }
        )
    )
    assert "0.0348 to 0.0405" in row(text, "K.mae")
    assert "3953" in row(text, "K.mae")
    assert "ms" in row(text, "latency")
    assert " to " not in row(text, "latency")
