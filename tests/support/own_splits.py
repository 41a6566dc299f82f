"""A user's own split of the data in a workspace, and whether a run went by it."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pandas as pd

from matops.artifacts.model.evaluation import PACKAGE, ROWS
from tests.conftest import FAMILY, call_matops

TURNED = {"train": "train", "calibration": "test", "test": "calibration"}


def turned_split(workspace: Path, *changes: str) -> dict[str, str]:
    """Part of each record by id: as printed, with calibration and test exchanged."""
    printed = call_matops(workspace, "data", "split", FAMILY, "--preset", "demo", *changes)
    assert printed.status == 0, printed
    return {row["id"]: TURNED[row["part"]] for row in csv.DictReader(StringIO(printed.out))}


def check_went_by(run: Path, by_id: dict[str, str], name: str) -> None:
    """The run's evaluation measured on the split's test rows, and its card names the file."""
    (evaluation,) = run.glob("**/evaluate/evaluation")
    measured = set(pd.read_csv(evaluation / ROWS)["id"])
    assert measured == {row for row, part in by_id.items() if part == "test"}
    data = json.loads((evaluation / PACKAGE / "card.json").read_text())["data"]
    assert data["own_split"]["file"] == name
    assert data["own_split"]["torn_groups"] == 0
    parts = list(by_id.values())
    assert data["rows"] == {part: parts.count(part) for part in ("train", "calibration", "test")}
