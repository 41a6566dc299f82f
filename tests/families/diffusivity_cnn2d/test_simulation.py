"""The campaign: reproducible structures of the configured kinds, labelled along both axes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.core.data.record import Record
from matops.core.data.shard import Shard
from matops.families.diffusivity_cnn2d.config import PRESETS, SimulationConfig
from matops.families.diffusivity_cnn2d.designs import make_design
from matops.families.diffusivity_cnn2d.images.pore_image import group_of, parse_image
from matops.families.diffusivity_cnn2d.simulation import (
    confirm_images,
    draw_design,
    draw_task,
    run_diffusion_task,
    simulate_images,
)
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import KINDS

SETTINGS = SimulationConfig(count=8, edge=32, kinds=KINDS, most_anisotropy=2.0)
CONFIG = replace(PRESETS["demo"], simulation=SETTINGS)


def quiet(done: int, total: int, what: str) -> None:
    pass


def test_kinds_come_in_turn_with_porosities_and_sizes_of_the_range() -> None:
    designs = [draw_design(SETTINGS, index) for index in range(300)]
    assert set(Counter(design.kind for design in designs).values()) == {50}
    assert all(0.3 <= design.porosity <= 0.95 for design in designs)
    assert all(0.5 <= design.anisotropy <= 2.0 for design in designs)
    assert designs == [draw_design(SETTINGS, index) for index in range(300)]
    assert len({design.porosity for design in designs}) > 280


def test_a_record_has_both_axes_and_is_a_group_of_its_own(tmp_path: Path) -> None:
    records = list(simulate_images(CONFIG, tmp_path, 1, quiet))
    assert [type(record) for record in records] == [Record] * 8
    for record in records:
        assert isinstance(record, Record)
        pores = parse_image(record.payload).pores
        labels = [effective_diffusivity(pores, axis).relative_diffusivity for axis in (1, 0)]
        assert list(record.targets.values()) == pytest.approx(labels, rel=1e-9)
        assert record.group == group_of(pores)
    assert len({record.group for record in records if isinstance(record, Record)}) == 8
    shards = [r for k in (0, 1) for r in simulate_images(CONFIG, tmp_path, 1, quiet, Shard(k, 2))]
    assert {r.id for r in shards if isinstance(r, Record)} == {
        r.id for r in records if isinstance(r, Record)
    }


def test_some_images_are_made_with_half_the_edge_and_doubled(tmp_path: Path) -> None:
    settings = SimulationConfig(count=40, edge=64, kinds=("discs", "squares"), doubled_share=0.5)
    tasks = [draw_task(settings, index) for index in range(40)]
    doubled = [task for task in tasks if task.get("doubled")]
    assert 10 <= len(doubled) <= 30
    assert {task["design"]["kind"] for task in doubled} == {"discs", "squares"}
    for task in (doubled[0], next(task for task in tasks if not task.get("doubled"))):
        pores = parse_image(run_diffusion_task(task)["payload"]).pores
        halved = pores[::2, ::2].repeat(2, 0).repeat(2, 1)
        assert pores.shape == (64, 64)
        assert np.array_equal(pores, halved) == bool(task.get("doubled"))


def test_designs_are_confirmed_by_the_same_solver(tmp_path: Path) -> None:
    payloads = [make_design(index, 0, CONFIG) for index in range(3)]
    records = list(confirm_images(payloads, CONFIG, tmp_path, 1, quiet))
    assert [r.payload for r in records if isinstance(r, Record)] == payloads
    drawn = [draw_design(SETTINGS, index) for index in range(3)]
    assert all(np.not_equal(draw_design(SETTINGS, i, [1, 0]), drawn[i]) for i in range(3))


def test_a_packing_that_finds_no_place_is_refused_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matops.simulators.porous_media.bodies.MOST_ATTEMPTS", 1)
    task = {
        "design": {
            "kind": "packing",
            "shape": [32, 32],
            "porosity": 0.5,
            "size": 5.0,
            "anisotropy": 1.0,
            "periodic": True,
            "seed": [1],
        }
    }
    outcome = run_diffusion_task(task)
    assert not outcome["accepted"]
    assert "no place is left" in outcome["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": ("foam",)},
        {"kinds": ()},
        {"least_porosity": 0.0},
        {"least_porosity": 0.9, "most_porosity": 0.5},
        {"most_anisotropy": 0.5},
        {"edge": 8},
        {"count": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        replace(SETTINGS, **change)
