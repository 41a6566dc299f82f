"""The steps of retraining in a workspace: the decision is written, the verdict remembered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import CARD, read_card
from matops.core.monitoring.retraining import Attempt
from matops.entrypoints.learning.outcome import conclude
from matops.entrypoints.monitoring.decision_text import explain_considered, read_considered
from matops.entrypoints.monitoring.retraining import consider
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import package_store
from matops.families import get_family
from matops.steps.ports import DatasetVersion

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"


def last_attempt() -> Attempt | None:
    return package_store(read_settings()).last_attempt(get_family(FAMILY))


def test_a_decision_is_written_with_every_number_and_said_in_words(
    here: Path, released: Released, tmp_path: Path
) -> None:
    data = read_card(released.package).data.version
    changes = json.dumps({"retraining.new_rows": 17})
    version = DatasetVersion(data, here / "data" / FAMILY)
    told = consider(FAMILY, "demo", changes, version, tmp_path / "decision.json")
    assert (told["retrain"], told["new rows [rows]"]) == (0, 0)
    assert "drift of served samples [1]" not in told
    found = read_considered(tmp_path / "decision.json")
    assert (found.family, found.data) == (FAMILY, data)
    assert found.decision.criteria[0].limit == 17
    said = explain_considered(tmp_path / "decision.json")
    assert f"**{found.decision.reason}**" in said
    assert "| share out of domain | not measured | >= 0.1 |" in said
    assert last_attempt() is None


def test_a_verdict_is_remembered_and_both_versions_of_the_data_are_named(
    here: Path, released: Released, tmp_path: Path
) -> None:
    shutil.copytree(released.package, tmp_path / PACKAGE)
    card = json.loads((tmp_path / PACKAGE / CARD).read_text())
    card |= {"champion": "before", "created": "2026-04-05T06:07:08+00:00"}
    card["since_champion"] = {"before": "old-data", "added": 23, "removed": 0}
    (tmp_path / PACKAGE / CARD).write_text(json.dumps(card))
    metrics, text = conclude(tmp_path)
    assert metrics == {"accepted": 1, "rows_added": 23}
    assert "- data of the champion before: old-data; 23 rows added since" in text
    assert f"- new data: {card['data']['version']}, 160 rows" in text
    assert last_attempt() == Attempt(card["data"]["version"], card["created"], "accepted")
