"""The pointer: ``data.dvc``, the one small file that says which data is published."""

from dataclasses import dataclass
from pathlib import Path

from dvc.utils.serialize import YAMLError, dumps_yaml, parse_yaml

from matops.core.errors import BadInput
from matops.processes.atomic import atomic

DATA, POINTER = "data", "data.dvc"
EMPTY_TREE = "d751713988987e9331980363e24189ce.dir"
"""DVC's hash of a directory without files: the pointer of a workspace that has no data yet."""


@dataclass(frozen=True)
class Pointer:
    """What ``data.dvc`` names."""

    tree: str = EMPTY_TREE  # hash of the directory's listing, with DVC's suffix ``.dir``
    size_bytes: int = 0  # of all files
    files: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is no data yet."""
        return self.tree == EMPTY_TREE


def read_pointer(path: Path) -> Pointer:
    """The pointer in a file; an empty one where there is no file.

    Raises:
        BadInput: the file is no pointer to one directory.
    """
    return parse_pointer(path.read_text(encoding="utf-8"), path) if path.is_file() else Pointer()


def parse_pointer(text: str, path: Path) -> Pointer:
    """The pointer in a text, as it stands or stood in a file.

    Raises:
        BadInput: it is no pointer to one directory.
    """
    try:
        [out] = parse_yaml(text, str(path))["outs"]
        return Pointer(str(out["md5"]), int(out.get("size", 0)), int(out.get("nfiles", 0)))
    except (YAMLError, KeyError, TypeError, ValueError, AttributeError):
        raise BadInput(f"{path}: no DVC pointer to one directory, or a merge left open") from None


def replace_pointer(path: Path, old: Pointer, new: Pointer) -> bool:
    """Publish ``new`` if ``old`` is still what the file says; the file is never half-written."""
    document = {
        "outs": [
            {
                "md5": new.tree,
                "size": new.size_bytes,
                "nfiles": new.files,
                "hash": "md5",
                "path": DATA,
            }
        ]
    }
    with atomic(path) as unfinished:
        unfinished.write_text(dumps_yaml(document))
        is_unchanged = read_pointer(path) == old
        if not is_unchanged:
            unfinished.unlink()
    return is_unchanged
