"""What the test's model server is told to do wrong: a file beside the package's own."""

from __future__ import annotations

import json
from pathlib import Path

FAULT = "fault.json"


def with_fault(package: Path, fault: str) -> Path:
    """Tell the test's server that it is to do something wrong with this package."""
    (package / FAULT).write_text(json.dumps(fault))
    return package


def fault_of(package: Path) -> str:
    path = package / FAULT
    return str(json.loads(path.read_text())) if path.is_file() else ""
