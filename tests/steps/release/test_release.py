"""Release: only what was accepted and is whole, and otherwise nothing changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from matops.artifacts.jsonfile import write_json
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import CARD, WEIGHTS, read_card
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.quality.gate import Gate, judge
from matops.steps.release.release import release


class Shelf:
    """A package store that remembers what was published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Path]] = []

    def champion(self, family: Family) -> Path | None:
        return self.published[-1][1] if self.published else None

    def publish(self, family: Family, package: Path) -> Path:
        self.published.append((family.name, package))
        return package


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def candidate(world: Any, tmp_path: Path) -> Path:
    """A copy of the accepted candidate that a test may change."""
    return Path(copytree(world.evaluation / PACKAGE, tmp_path / "candidate"))


def test_accepted_candidate_is_published_under_its_family(candidate: Path, shelf: Shelf) -> None:
    assert release(candidate, shelf) == candidate
    assert shelf.published == [("elastic_cgcnn", candidate)]


def test_rejected_candidate_is_never_published_and_its_failed_gates_are_named(
    candidate: Path, shelf: Shelf
) -> None:
    card = read_card(candidate)
    gates = [
        Gate("error", "K_VRH.mae", "<=", 1e-9, "log10(GPa)", "strict"),
        Gate("rank", "K_VRH.spearman", ">=", 0.1, "1", "easy"),
    ]
    write_json(candidate / CARD, replace(card, verdict=judge(gates, card.measurements)))
    with pytest.raises(BadInput, match=r"not released, its gates failed: error$"):
        release(candidate, shelf)
    assert shelf.published == []


def test_candidate_that_no_gate_looked_at_is_never_published(candidate: Path, shelf: Shelf) -> None:
    write_json(candidate / CARD, replace(read_card(candidate), verdict=judge([], {})))
    with pytest.raises(BadInput, match="none was applied"):
        release(candidate, shelf)
    assert shelf.published == []


def test_a_verdict_cut_down_to_one_gate_is_never_published(candidate: Path, shelf: Shelf) -> None:
    card = read_card(candidate)
    results = card.verdict.results
    cut = replace(card, verdict=judge([results[0].gate], card.measurements))
    write_json(candidate / CARD, cut)
    missing = results[1].gate.name
    with pytest.raises(BadInput, match=f"not asked what elastic_cgcnn asks: {missing}"):
        release(candidate, shelf)
    assert shelf.published == []


def test_a_gate_whose_limit_is_not_the_configured_one_is_never_published(
    candidate: Path, shelf: Shelf
) -> None:
    card = read_card(candidate)
    gates = [result.gate for result in card.verdict.results]
    gates[0] = replace(gates[0], limit=10 * gates[0].limit)
    write_json(candidate / CARD, replace(card, verdict=judge(gates, card.measurements)))
    with pytest.raises(BadInput, match=f"not asked what elastic_cgcnn asks: {gates[0].name};"):
        release(candidate, shelf)
    assert shelf.published == []


def test_a_verdict_without_the_comparison_with_its_champion_is_never_published(
    candidate: Path, shelf: Shelf
) -> None:
    write_json(candidate / CARD, replace(read_card(candidate), champion="0123456789ab"))
    with pytest.raises(BadInput, match="K_VRH no worse than champion, G_VRH no worse than"):
        release(candidate, shelf)
    assert shelf.published == []


def test_damaged_candidate_is_never_published(candidate: Path, shelf: Shelf) -> None:
    content = bytearray((candidate / WEIGHTS).read_bytes())
    content[-3] ^= 1
    (candidate / WEIGHTS).write_bytes(content)
    with pytest.raises(BadInput, match="SHA-256"):
        release(candidate, shelf)
    assert shelf.published == []


def test_candidate_whose_answers_changed_is_never_published(candidate: Path, shelf: Shelf) -> None:
    content = json.loads((candidate / CARD).read_text())
    content["calibration"]["floor"][0] *= 3
    (candidate / CARD).write_text(json.dumps(content))
    with pytest.raises(BadInput, match="answers differ"):
        release(candidate, shelf)
    assert shelf.published == []


def test_directory_without_a_card_is_bad_input(tmp_path: Path, shelf: Shelf) -> None:
    with pytest.raises(BadInput, match="no such file"):
        release(tmp_path, shelf)
    assert shelf.published == []
