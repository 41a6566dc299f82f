"""What processes tell their parent: written and read back, whatever comes between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matops.core.errors import BadInput
from matops.entrypoints import events
from matops.entrypoints.events import (
    LONGEST,
    LONGEST_READ,
    Event,
    encode_event,
    read_events,
    tell,
    telling_refusals,
)

START = Event("start", "starts", "train")
PROGRESS = Event("progress", "loss 0.5", "train", 3, 12)
REFUSED = Event("refused", "x.cif: no atoms")
MESSAGE = Event("message", "a checkpoint was damaged")


def read(line: str) -> list[Event]:
    return list(read_events(line))


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATOPS_EVENTS", "1")


@pytest.mark.parametrize("event", [START, PROGRESS, REFUSED, MESSAGE])
def test_what_is_written_is_read(
    event: Event, listening: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert read(line) == [event]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (START, "train: starts"),
        (PROGRESS, "train: 3 of 12 (loss 0.5)"),
        (REFUSED, "matops: x.cif: no atoms"),
        (MESSAGE, "matops: a checkpoint was damaged"),
    ],
)
@pytest.mark.parametrize("asked", [None, "", "0"])
def test_where_no_parent_listens_people_read_words(
    event: Event,
    words: str,
    asked: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("MATOPS_EVENTS", raising=False)
    if asked is not None:
        monkeypatch.setenv("MATOPS_EVENTS", asked)
    tell(event)
    assert capsys.readouterr().err == f"{words}\n"


@given(st.text(), st.text(max_size=20), st.integers(0, 10**9), st.integers(0, 10**9))
def test_any_text_is_one_short_line_of_ascii(text: str, step: str, done: int, total: int) -> None:
    line = encode_event(Event("progress", text, step, done, total))
    assert line.isascii()
    assert "\n" not in line
    assert len(line) < LONGEST
    (back,) = read(line)
    assert (back.step, back.done, back.total) == (step, done, total)
    assert back.text == text or back.text.endswith(" ...")


def test_a_text_that_is_too_long_loses_its_end() -> None:
    line = encode_event(Event("refused", "begins here" + 10_000 * "Å"))
    assert len(line) < LONGEST
    (back,) = read(line)
    assert back.text.startswith("begins here")
    assert back.text.endswith(" ...")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "train: 3 of 12 (loss 0.5)",
        "{}",
        "null",
        '{"kind"',
        '{"kind": ',
        '{"kind": "progress"',
        '{"kind": "progress", "text": "a", "step": "b", "done": 1, "tot',
        '{"text": "a", "kind": "refused"}',
        '{"kind": "' * 1000,
        '{"kind": "x", "y": ' + "[" * 100_000,
    ],
)
def test_other_lines_hold_no_event(line: str) -> None:
    assert read(line) == []


def test_a_huge_line_is_left_alone_and_costs_nothing() -> None:
    assert read(encode_event(REFUSED) + " " * LONGEST_READ) == []
    assert read(" " * (LONGEST_READ - LONGEST) + encode_event(REFUSED)) == [REFUSED]


@pytest.mark.parametrize(
    "line",
    [
        '{"kind": "metric", "name": "loss", "value": 0.5}',
        '{"kind": "progress", "text": "a"}',
        '{"kind": "progress", "text": "a", "step": "b", "done": "1", "total": 2}',
        '{"kind": "progress", "text": "a", "step": "b", "done": true, "total": 2}',
        '{"kind": "refused", "text": ["a"]}',
        '{"kind": "message"}',
    ],
)
def test_what_another_version_writes_is_shown_as_text(line: str) -> None:
    assert read(line) == [Event("message", line)]


def test_further_fields_of_a_newer_version_are_skipped() -> None:
    line = json.dumps({"kind": "refused", "text": "no atoms", "since": 3})
    assert read(line) == [Event("refused", "no atoms")]


def test_events_are_found_beside_other_text_and_beside_each_other() -> None:
    first, second = encode_event(PROGRESS), encode_event(REFUSED)
    torn = first[: len(first) // 2]
    assert read(f"50% {first}") == [PROGRESS]
    assert read(f"{first}{second} and so on") == [PROGRESS, REFUSED]
    assert read(f"{torn}{second}") == [REFUSED]
    assert read(f"  {first}\r") == [PROGRESS]


def test_lines_of_processes_that_write_at_once_come_whole() -> None:
    """A pipe takes each line in one piece; they are as long as lines may be."""
    program = (
        "from matops.entrypoints.events import Event, tell\n"
        "for n in range(200): tell(Event('progress', 3500 * 'x', 'train', n, 200))"
    )
    environment = {**os.environ, "MATOPS_EVENTS": "1"}
    reading, writing = os.pipe()
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stderr=writing, env=environment) for _ in range(3)]
    os.close(writing)
    lines: list[str] = []
    with open(reading) as pipe:
        reader = threading.Thread(target=lambda: lines.extend(pipe))
        reader.start()
        assert [process.wait() for process in running] == [0, 0, 0]
        reader.join()
    done = sorted(event.done for line in lines for event in read_events(line))
    assert done == sorted([*range(200)] * 3)


def test_bad_input_ends_a_process_with_one_line(
    listening: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, telling_refusals():
        raise BadInput("x.cif: no atoms")
    assert ended.value.code == events.REFUSED_STATUS == 2
    assert read(capsys.readouterr().err) == [REFUSED]


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError), telling_refusals():
        raise ZeroDivisionError
