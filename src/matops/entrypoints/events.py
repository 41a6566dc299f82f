"""What a process of ours says to the one that started it: JSON Lines, written and read here.

Where the parent has set ``MATOPS_EVENTS`` each event is one line ``{"kind": ..., "text": ...}`` on
standard error; elsewhere, as in the log of a pod, it is the same in words for people.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from matops.core.errors import BadInput
from matops.entrypoints.settings import parent_listens

LONGEST = 4096
"""Bytes of a line. A pipe takes so many in one piece (POSIX PIPE_BUF; 4096 on Linux), whoever else
writes to it at the same time."""
LONGEST_READ = 1 << 20
"""Characters; a longer line is no event, whatever stands in it."""
BEGINNING = '{"kind": "'
REFUSED_STATUS = 2
_DECODER = json.JSONDecoder()


# A start is told before libraries are imported; a refusal is the last that a process says.
Kind = Literal["start", "progress", "refused", "message"]
KINDS = get_args(Kind)


@dataclass(frozen=True)
class Event:
    """One thing that is said."""

    kind: Kind
    text: str  # the state, the reason, or the message
    step: str = ""  # of a start and of progress: of what
    done: int = 0  # of progress: how much
    total: int = 0  # of progress: of how much

    def __str__(self) -> str:
        if self.kind == "progress":
            return f"{self.step}: {self.done} of {self.total} ({self.text})"
        if self.kind == "start":
            return f"{self.step}: {self.text}"
        return f"matops: {self.text}"


def encode_event(event: Event) -> str:
    """The event as a line of ASCII; a text that is too long loses its end."""
    line = json.dumps(asdict(event))
    while len(line) >= LONGEST:
        event = replace(event, text=event.text[: len(event.text) // 2] + " ...")
        line = json.dumps(asdict(event))
    return line


def tell(event: Event) -> None:
    """Say it to the parent, or to people where no parent listens."""
    line = encode_event(event) if parent_listens() else str(event)
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@contextmanager
def telling_refusals() -> Iterator[None]:
    """Around the main function of a process: bad input is an event and no traceback."""
    try:
        yield
    except BadInput as error:
        tell(Event("refused", str(error)))
        sys.exit(REFUSED_STATUS)


def read_events(line: str) -> Iterator[Event]:
    """The events in a line, also behind or between other text; that other text is skipped.

    A kind, or fields of it, that another version writes are a message with what stands there.
    """
    if len(line) > LONGEST_READ:
        return
    start = line.find(BEGINNING)
    while start >= 0:
        try:
            fields, end = _DECODER.raw_decode(line, start)
        except (ValueError, RecursionError):  # cut off, or torn apart by another writer
            end = start + 1
        else:
            yield _event(fields) or Event("message", line[start:end])
        start = line.find(BEGINNING, end)


def _event(fields: dict[str, Any]) -> Event | None:
    types = {"kind": str, "text": str, "step": str, "done": int, "total": int}
    ours = {name: value for name, value in fields.items() if name in types}
    typed = all(type(value) is types[name] for name, value in ours.items())
    more = {"start": {"step"}, "progress": {"step", "done", "total"}}
    needed = {"kind", "text"} | more.get(ours["kind"], set())
    if ours["kind"] in KINDS and typed and needed <= ours.keys():
        return Event(**ours)
    return None
