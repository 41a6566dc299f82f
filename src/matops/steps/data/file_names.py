"""Names of files that others chose: which are sound, and how the others can be shown."""

import unicodedata

LONGEST_NAME_BYTES, LONGEST_PATH_BYTES = 255, 1024
"""What file systems and S3 take; a key of S3 may have a part that no file system does."""
CONTROLS = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of what moves a cursor, ends a line, or is no character at all."""
BIDI_CONTROLS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Unicode's classes of what turns the order of the letters around that are shown."""


def name_problem(path: str) -> str:
    """Why a path within a drop place is not read; empty if it is sound."""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8: rename it"
    if any(_is_control(character) for character in path):
        return "its name has a control character: rename it"
    parts = path.split("/")
    if path != "." and any(part in ("", ".", "..") for part in parts):
        return "its name has an empty part, or one that leads elsewhere: rename it"
    if len(encoded) > LONGEST_PATH_BYTES or any(
        len(part.encode()) > LONGEST_NAME_BYTES for part in parts
    ):
        return "its name is too long: rename it"
    return ""


def shown(path: str) -> str:
    """A path that can be printed and written as UTF-8: what is unsound in it is escaped."""
    return "".join(
        character.encode("unicode_escape").decode() if _is_control(character) else character
        for character in path
    )


def _is_control(character: str) -> bool:
    return (
        unicodedata.category(character) in CONTROLS
        or unicodedata.bidirectional(character) in BIDI_CONTROLS
    )
