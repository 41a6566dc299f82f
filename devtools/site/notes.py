"""An extension of Griffe: notes beside fields, or on the lines above them, describe the fields."""

import re
from typing import Any

from griffe import Class, Extension

BESIDE = re.compile(r"(?<=\S) {2}# (?!noqa|type:)(?P<note>.+)$")
ATTRIBUTES = "Attributes:"
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
    """Lists the fields of a class with their notes, as a docstring's ``Attributes:`` would."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Take the notes from the lines of the file."""
        path, docstring = cls.filepath, cls.docstring
        if isinstance(path, list) or docstring is None or ATTRIBUTES in docstring.value:
            return
        lines = cls.lines_collection[path]
        bare = {
            name: (field.lineno, field.endlineno or field.lineno)
            for name, field in cls.members.items()
            if field.is_attribute and not field.has_docstring and field.lineno
        }
        notes = {name: note_of(lines, *place) for name, place in bare.items()}
        listed = [f"    {name}: {note}" for name, note in notes.items() if note]
        if listed:
            docstring.value = "\n".join([docstring.value, "", ATTRIBUTES, *listed])
