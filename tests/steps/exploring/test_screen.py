"""A screening loses nothing, repeats nothing, and never recommends what it doesn't know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.exploring.screening import part_path, read_parts
from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.core.exploring.screening import STAGES, pareto_front
from matops.families import get_family
from matops.steps.exploring.confirm import confirm_front
from matops.steps.exploring.screen import (
    Screened,
    Screening,
    make_plan,
    read_card_of,
    run_screening,
    screen_shard,
)
from matops.steps.exploring.screen_part import BATCH, Stopwatch
from tests.support.places import REPOSITORY
from tests.support.screening_toy import EVERY, RODS, RodConfig, ask_rods

KILLED_SCREENING = """
import sys
from pathlib import Path
from matops.steps.exploring.screen import run_screening
from tests.support.screening_toy import ask_rods

if __name__ == "__main__":
    asked = ask_rods(400, log=sys.argv[2], seconds=0.005)
    run_screening(asked, Path(sys.argv[1]), 1, lambda step: lambda *state: None)
"""

KILLED_SHARD = """
import sys
from pathlib import Path
from matops.core.data.shard import Shard
from matops.steps.exploring.screen import begin_screening, screen_shard
from tests.support.screening_toy import ask_rods

if __name__ == "__main__":
    asked, out = ask_rods(400, log=sys.argv[2], seconds=0.005), Path(sys.argv[1])
    begin_screening(asked, out)
    screen_shard(asked, out, Shard(1, 2), 1, lambda *state: None)
"""


def silent(step: str) -> Callable[[int, int, str], None]:
    return lambda done, total, words: None


def run(asked: Screening, directory: Path, workers: int = 1) -> Screened:
    return run_screening(asked, directory, workers, silent)


def table(asked: Screening, directory: Path) -> pd.DataFrame:
    return pd.concat([rows for rows, _ in read_parts(directory, asked.plan)], ignore_index=True)


def generated(log: Path) -> Counter[int]:
    return Counter(map(int, log.read_text().split()))


def stop_after(parts: int) -> Callable[[str], Callable[[int, int, str], None]]:
    """Progress that ends the process's patience after some parts."""

    def report(step: str) -> Callable[[int, int, str], None]:
        def progress(done: int, total: int, words: str) -> None:
            if done == 20 * parts:
                raise KeyboardInterrupt

        return progress

    return report


def test_every_design_is_in_the_table_once_and_in_order(tmp_path: Path) -> None:
    asked = ask_rods(50, least=0.4)
    run(asked, tmp_path)
    rows = table(asked, tmp_path)
    assert rows["index"].tolist() == list(range(50))
    rods = pd.DataFrame([RODS.design(i, 0, asked.config)["rod"] for i in range(50)])
    assert rows["area"].tolist() == rods["area"].tolist()
    assert np.allclose(rows["mean_C"], rods["quality"] * rods["area"] ** 2, rtol=1e-6)
    assert np.allclose(rows["least_C"], rows[["C_x", "C_y"]].min(axis=1))
    inside = rows[~rows["out_of_domain"].astype(bool)]
    assert (inside["C_x_lower"] < inside["C_x"]).all()
    assert rows["refused"].isna().all()


def test_batches_and_parts_change_no_answer(tmp_path: Path) -> None:
    count = 2 * BATCH + 30
    large, small = ask_rods(count, part_size=500), ask_rods(count, part_size=20)
    run(large, tmp_path / "large")
    run(small, tmp_path / "small")
    one, other = table(large, tmp_path / "large"), table(small, tmp_path / "small")
    pd.testing.assert_frame_equal(one, other, rtol=1e-6)


def test_interrupted_screening_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    asked = ask_rods(100, log=str(log))
    with pytest.raises(KeyboardInterrupt):
        run_screening(asked, tmp_path / "cut", 1, stop_after(3))
    assert generated(log) == Counter(range(60))
    begun = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cut/parts").iterdir()}
    assert len(begun) == 3
    log.write_text("")
    resumed = run(asked, tmp_path / "cut")
    front = set(resumed.result.front["index"])
    # The rest of the table once, and the payloads of the front.
    assert generated(log) == Counter(range(60, 100)) + Counter(front)
    for name, time_ns in begun.items():
        assert (tmp_path / "cut/parts" / name).stat().st_mtime_ns == time_ns
    run(asked, tmp_path / "whole")
    pd.testing.assert_frame_equal(table(asked, tmp_path / "cut"), table(asked, tmp_path / "whole"))


def kill_after_three_parts(text: str, out: Path, log: Path) -> set[int]:
    """Run a script until it has made three parts, kill it, and return the parts it left."""
    script = out.with_name("killed.py")
    script.write_text(text)
    path = os.pathsep.join([str(REPOSITORY), *sys.path])
    running = subprocess.Popen(
        [sys.executable, script, out, log], env={**os.environ, "PYTHONPATH": path}
    )
    deadline = time.monotonic() + 120
    while len(list(out.glob("parts/*.parquet"))) < 3:
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return {int(path.stem[-6:]) for path in out.glob("parts/*.parquet")}


@pytest.mark.slow
def test_killed_screening_repeats_only_the_part_at_hand(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    kept = kill_after_three_parts(KILLED_SCREENING, out, log)
    assert 3 <= len(kept) < 20
    log.write_text("")
    asked = ask_rods(400, log=str(log))
    done = run(asked, out)
    missing = {i for part in set(range(20)) - kept for i in range(20 * part, 20 * part + 20)}
    assert generated(log) == Counter(missing) + Counter(done.result.front["index"].tolist())
    assert table(asked, out)["index"].tolist() == list(range(400))


@pytest.mark.slow
def test_killed_shard_repeats_only_the_part_at_hand(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    kept, mine = kill_after_three_parts(KILLED_SHARD, out, log), set(range(1, 20, 2))
    assert 3 <= len(kept) < 10
    assert kept < mine
    log.write_text("")
    asked = ask_rods(400, log=str(log))
    made = screen_shard(asked, out, Shard(1, 2), 1, lambda *state: None)
    assert made == 200
    missing = {i for part in mine - kept for i in range(20 * part, 20 * part + 20)}
    assert generated(log) == Counter(missing)
    run(asked, out)
    assert table(asked, out)["index"].tolist() == list(range(400))


def test_a_larger_count_keeps_whole_parts_and_makes_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(ask_rods(50), tmp_path / "out")
    more = ask_rods(90, log=str(log))
    done = run(more, tmp_path / "out")
    front = Counter(done.result.front["index"].tolist())
    assert generated(log) - front == Counter(range(40, 90))
    run(ask_rods(90), tmp_path / "at once")
    pd.testing.assert_frame_equal(table(more, tmp_path / "out"), table(more, tmp_path / "at once"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "its seed is 0, not 1"),
        ({"least": 0.2}, "its configuration is another"),
        ({"part_size": 10}, "its part size is 20, not 10"),
    ],
)
def test_another_screening_in_the_same_directory_is_refused(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    run(ask_rods(20), tmp_path)
    before = table(ask_rods(20), tmp_path)
    with pytest.raises(BadInput, match=words):
        run(ask_rods(20, **changed), tmp_path)
    other = ask_rods(20)
    with pytest.raises(BadInput, match="its model version is rods-1, not rods-2"):
        run(replace(other, plan=replace(other.plan, model_version="rods-2")), tmp_path)
    pd.testing.assert_frame_equal(table(ask_rods(20), tmp_path), before)


def test_fewer_designs_than_there_are_is_refused(tmp_path: Path) -> None:
    run(ask_rods(40), tmp_path)
    with pytest.raises(BadInput, match="a screening of 40 designs: ask for as many or more"):
        run(ask_rods(20), tmp_path)


def test_out_of_domain_is_marked_and_never_on_the_front(tmp_path: Path) -> None:
    asked = ask_rods(200)
    found = run(asked, tmp_path).result
    rows = table(asked, tmp_path)
    thin = rows["area"] < 0.25
    assert 20 < thin.sum() < 100
    assert rows.loc[thin, "out_of_domain"].all()
    # The thinnest of them promise more than thick rods hold: a front of all would take them.
    assert rows.loc[thin, "mean_C"].max() > rows.loc[rows["area"] > 0.7, "mean_C"].min()
    assert found.outside == rows["out_of_domain"].sum()
    assert not found.front["out_of_domain"].any()
    assert found.front["area"].min() > 0.25
    assert len(found.front) > 3


def test_front_is_that_of_all_parts(tmp_path: Path) -> None:
    asked = ask_rods(200, least=0.35, most=0.85)
    front = run(asked, tmp_path).result.front
    rows = table(asked, tmp_path)
    rows = rows[~rows["out_of_domain"].astype(bool)]
    best = pareto_front(rows["area"].to_numpy(), rows["mean_C"].to_numpy())
    assert front["index"].tolist() == rows["index"].iloc[best].tolist()
    assert len(set(front["index"] // 20)) > 3


def test_a_screening_with_nothing_in_domain_has_no_front_and_still_ends(tmp_path: Path) -> None:
    done = run(ask_rods(30, least=0.01, most=0.1, confirm=2), tmp_path)
    assert len(done.result.front) == 0
    assert len(done.confirmed) == 0
    assert "there is no front" in done.files.page.read_text()


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("generator", "no such rod: too thin"),
        ("parse", "a rod is broken: in two"),
        ("featurize", "ValueError: singular matrix"),
        ("nan", "cost or prediction is not finite"),
    ],
)
def test_designs_that_fail_are_refused_with_their_reason_and_cost_no_other(
    tmp_path: Path, failure: str, reason: str
) -> None:
    asked = ask_rods(40, failure=failure)
    found = run(asked, tmp_path / "some").result
    rows = table(asked, tmp_path / "some")
    bad = rows["index"] % EVERY == 0
    assert (rows.loc[bad, "refused"] == reason).all()
    assert rows.loc[bad, "mean_C"].isna().all()
    assert rows.loc[~bad, "refused"].isna().all()
    assert found.refused == {reason.split(":")[0]: bad.sum()}
    run(ask_rods(40), tmp_path / "none")
    good = table(asked, tmp_path / "none")
    columns = ["area", "C_x", "C_y_upper", "domain_score"]
    pd.testing.assert_frame_equal(rows.loc[~bad, columns], good.loc[~bad, columns], rtol=1e-6)


def test_a_screening_in_which_all_fail_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="every design was refused: a rod is broken"):
        run(ask_rods(1, failure="parse"), tmp_path)


def test_another_merit_needs_no_new_predictions(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(ask_rods(60), tmp_path / "out")
    found = run(ask_rods(60, merit="least_C", log=str(log)), tmp_path / "out").result
    assert generated(log) == Counter(found.front["index"].tolist())
    assert found.front["least_C"].is_monotonic_increasing
    lower = found.front[["C_x_lower", "C_y_lower"]].min(axis=1)
    assert np.allclose(found.front["least_C_lower"], lower)


@pytest.mark.slow
def test_worker_processes_load_the_model_once_and_give_the_same_table(tmp_path: Path) -> None:
    note = tmp_path / "note"
    shared, alone = ask_rods(120, note=str(note)), ask_rods(120)
    run(shared, tmp_path / "shared", workers=2)
    loads = note.read_text().split()
    assert len(loads) == len(set(loads)) <= 2
    assert str(os.getpid()) not in loads
    run(alone, tmp_path / "alone")
    one, other = table(shared, tmp_path / "shared"), table(alone, tmp_path / "alone")
    pd.testing.assert_frame_equal(one, other)


def test_seconds_of_every_stage_are_kept_and_summed(tmp_path: Path) -> None:
    asked = ask_rods(40, seconds=0.002)
    seconds = run(asked, tmp_path).result.seconds
    assert set(seconds) == set(STAGES)
    assert seconds["generate"] >= 0.08
    assert all(value > 0 for value in seconds.values())
    again = run(asked, tmp_path).result.seconds
    assert again == seconds


def test_a_stage_inside_another_counts_once() -> None:
    watch = Stopwatch()
    with watch.stage("featurize"):
        with watch.stage("predict"):
            time.sleep(0.05)
        time.sleep(0.01)
    assert watch.seconds["predict"] >= 0.05
    assert 0.01 <= watch.seconds["featurize"] < watch.seconds["predict"]


def test_what_a_design_costs_beside_its_physics_is_little(tmp_path: Path) -> None:
    asked = ask_rods(1000, part_size=500)
    seconds = run(asked, tmp_path).result.seconds
    assert (sum(seconds.values()) - seconds["generate"]) / 1000 < 1e-3


def test_progress_counts_designs_from_what_is_there_already(tmp_path: Path) -> None:
    run(ask_rods(40), tmp_path)
    said: list[tuple[int, int]] = []
    run_screening(
        ask_rods(100), tmp_path, 1, lambda step: lambda done, total, _: said.append((done, total))
    )
    assert said == [(40, 100), (60, 100), (80, 100), (100, 100)]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    asked = ask_rods(20)
    run(asked, tmp_path)
    path = part_path(tmp_path, asked.plan, asked.plan.parts[0])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"part-000000\.parquet: damaged; delete it"):
        run(asked, tmp_path)


@pytest.mark.parametrize(
    ("seed", "count", "words"),
    [(0, 0, "at least one"), (0, 10**12, "at most 100,000,000 designs"), (-1, 5, "not -1")],
)
def test_numbers_out_of_range_are_refused(seed: int, count: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        make_plan(RODS, "rods-1", RodConfig(), seed, count)


def test_a_family_without_a_generator_is_refused(tmp_path: Path) -> None:
    family = get_family("elastic_cgcnn")
    with pytest.raises(BadInput, match="elastic_cgcnn has no generator of designs"):
        read_card_of(family, tmp_path)
    with pytest.raises(BadInput, match="elastic_cgcnn has no generator of designs"):
        make_plan(family, "1", family.preset("demo"), 0, 5)
    with pytest.raises(BadInput, match="elastic_cgcnn has no simulation of given designs"):
        confirm_front(family, None, {}, family.preset("demo"), 1, tmp_path, 1, lambda *state: None)
