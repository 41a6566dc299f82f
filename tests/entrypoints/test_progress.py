"""Progress as events, and as bars again from those."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from matops.entrypoints import progress
from matops.entrypoints.events import Event, read_events
from matops.entrypoints.progress import StepBars, log_progress


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=120)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set by the test."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def shown(bars: StepBars) -> dict[str, tuple[float, float | None, str]]:
    """Done, total and words of each bar."""
    return {t.description: (t.completed, t.total, t.fields["words"]) for t in bars.bars.tasks}


@pytest.mark.parametrize("words", ["loss 0.0123", "", "member0 (of 3), loss 1e-05", "Å"])
def test_what_a_step_tells_its_bar_shows(
    capsys: pytest.CaptureFixture[str],
    console: Console,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MATOPS_EVENTS", "1")
    log_progress("train")(3, 12, words)
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    with StepBars(console) as bars:
        for event in read_events(line):
            bars.listen(event)
        assert shown(bars) == {"train": (3, 12, words)}


def test_a_log_says_that_a_step_starts_and_a_terminal_has_no_line_of_it() -> None:
    for is_terminal, expected in ((False, "train: starts\n"), (True, "")):
        console = Console(file=StringIO(), width=120, force_terminal=is_terminal)
        bars = StepBars(console)
        bars.listen(Event("start", "starts", "train"))
        assert console.file.getvalue() == expected  # type: ignore[attr-defined]


def test_each_step_has_its_own_bar(console: Console) -> None:
    with StepBars(console) as bars:
        for step, done, total, words in (
            ("ingest", 1, 1, "a"),
            ("train", 2, 9, "b"),
            ("train", 5, 9, "c"),
        ):
            bars.listen(Event("progress", words, step, done, total))
        assert shown(bars) == {"ingest": (1, 1, "a"), "train": (5, 9, "c")}


def test_a_message_is_printed_as_it_is_and_moves_no_bar(console: Console) -> None:
    with StepBars(console) as bars:
        bars.listen(Event("message", "[red]: a checkpoint was damaged"))
        assert shown(bars) == {}
    assert "matops: [red]: a checkpoint was damaged\n" in console.file.getvalue()


def test_a_log_gets_at_most_one_line_a_second_and_the_last(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    report = log_progress("train")
    for done in range(1, 31):
        clock[0] += 0.1
        report(done, 30, "")
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 5
    assert lines[-1] == "train: 30 of 30 ()"


def test_a_bar_shows_step_and_count() -> None:
    text = StringIO()
    console = Console(file=text, width=120, force_terminal=True)
    with StepBars(console) as bars:
        bars.report("ingest")(3, 7, "alloys")
    assert "ingest" in text.getvalue()
    assert "3/7" in text.getvalue()


def test_a_log_has_a_line_now_and_then_with_the_time_since_the_step_before(
    console: Console, clock: list[float]
) -> None:
    with StepBars(console) as bars:
        clock[0] += 95.0  # to start
        bars.report("train")(0, 40, "starts")
        for done in range(1, 41):
            clock[0] += 1.0
            bars.report("train")(done, 40, "")
        clock[0] += 7.0
        bars.report("evaluate")(1, 1, "")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "train: 0 of 40 in 0:01:35 (starts)"
    assert lines[-2:] == ["train: 40 of 40 in 0:02:15 ()", "evaluate: 1 of 1 in 0:00:07 ()"]
    assert len(lines) == 6


def test_the_end_of_work_without_a_total_is_one_line(console: Console, clock: list[float]) -> None:
    with StepBars(console) as bars:
        for count in range(1, 1001):
            bars.report("ingest")(count, count, "records")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[-1].startswith("ingest: 1000 of 1000 in")
    assert len(lines) == 2


def test_who_interrupts_is_told_how_to_go_on(console: Console) -> None:
    with pytest.raises(KeyboardInterrupt), StepBars(console, "the same command goes on"):
        raise KeyboardInterrupt
    assert console.file.getvalue() == "the same command goes on\n"  # type: ignore[attr-defined]
