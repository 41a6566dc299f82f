"""An extension of Griffe: a note beside a field, or on the lines above it, is its docstring."""

import re
from typing import Any

from griffe import Attribute, Docstring, Extension

BESIDE = re.compile(r"(?<=\S) {2}# (?!noqa|type:)(?P<note>.+)$")
ABOVE = re.compile(r"^\s*# (?P<note>.+)$")


def note_of(lines: list[str], first: int, last: int) -> str:
    """The note on a field that stands on these lines, counted from 1; empty if it has none."""
    if beside := BESIDE.search(lines[last - 1]):
        return beside["note"]
    above: list[str] = []
    for line in reversed(lines[: first - 1]):
        comment = ABOVE.match(line)
        if comment is None:
            break
        above.insert(0, comment["note"])
    return " ".join(above)


class Notes(Extension):
    """Gives each field of a class its note, if it has no docstring."""

    def on_attribute_instance(self, *, attr: Attribute, **_: Any) -> None:
        """Take the note from the lines of the file."""
        is_field, path = attr.parent is not None and attr.parent.is_class, attr.filepath
        if not is_field or attr.docstring or attr.lineno is None or isinstance(path, list):
            return
        lines = attr.lines_collection[path]
        note = note_of(lines, attr.lineno, attr.endlineno or attr.lineno)
        if note:
            attr.docstring = Docstring(note, parent=attr)
