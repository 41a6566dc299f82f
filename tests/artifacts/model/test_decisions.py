"""Decisions are only ever added, and infinite edges come back as they went."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from matops.artifacts.model.decisions import add_decision, find_end, read_decisions
from matops.core.errors import BadInput
from matops.core.release.decision import Decision, Evidence
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.ruling import Check, Ruling
from matops.core.release.traffic import ArmTraffic, Buckets, PairedAnswers


def decision(move: str, version: str = "m8", ended: bool = True) -> Decision:
    arm = Arm("m8-2", version, "/models/m8")
    histogram = Buckets((0.1, math.inf), (3.0, 1.0))
    return Decision(
        at="2026-03-01T12:00:00+00:00",
        version=version,
        ruling=Ruling(move, "so", (Check("p95", 2.0, 1.5, "1", "failed", "p95: 2"),)),  # type: ignore[arg-type]
        evidence=Evidence(
            candidate=ArmTraffic(requests=4, latency_s=histogram),
            paired=PairedAnswers(8, 0, 0, 0, {"K_VRH": 0.25}, 0),
        ),
        before=None,
        after=Rollout(3, arm, None if ended else arm),
    )


def test_what_was_added_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "decisions.jsonl"
    assert read_decisions(path) == []
    added = [decision("hold"), decision("roll_back")]
    for one in added:
        add_decision(path, one)
    assert read_decisions(path) == added


def test_what_a_kill_left_unfinished_is_cut_off_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    add_decision(path, decision("hold"))
    with path.open("ab") as file:
        file.write(b'{"at": "2026')
    assert read_decisions(path) == [decision("hold")]
    add_decision(path, decision("promote"))
    assert read_decisions(path) == [decision("hold"), decision("promote")]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("{}\n")
    with pytest.raises(BadInput, match=r"decisions\.jsonl"):
        read_decisions(path)


def test_the_end_of_a_versions_last_release_is_found_among_the_decisions(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    assert find_end(path, "m8") is None
    back, promoted = decision("roll_back"), decision("promote")
    for one in (decision("roll_back", "m7"), decision("hold", ended=False)):
        add_decision(path, one)
    assert find_end(path, "m8") is None
    add_decision(path, back)
    add_decision(path, decision("hold", ended=False))
    assert find_end(path, "m8") == back
    add_decision(path, promoted)
    assert find_end(path, "m8") == promoted
    assert find_end(path, "m7") == decision("roll_back", "m7")
