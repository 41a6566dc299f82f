"""Trials of searches in a journal or in a database."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from matops.adapters.storage import trial_store
from matops.adapters.storage.trial_store import TrialDatabase, TrialJournal
from matops.core.errors import BadInput


def tried(store: TrialJournal | TrialDatabase) -> list[float | None]:
    trial_store._journal.cache_clear()
    trial_store._database.cache_clear()
    study = optuna.create_study(storage=store.open(), study_name="s", load_if_exists=True)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) * 0 + len(study.trials), n_trials=2)
    return [trial.value for trial in study.trials]


def test_a_journal_and_a_database_keep_trials(tmp_path: Path) -> None:
    for store in (
        TrialJournal(tmp_path / "trials.journal"),
        TrialDatabase(f"sqlite:///{tmp_path}/t.db"),
    ):
        assert tried(store) == [1, 2]
        assert tried(store) == [1, 2, 3, 4]


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "trials.journal"
    tried(TrialJournal(path))
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "worker_')
    assert tried(TrialJournal(path)) == [1, 2, 3, 4]


def test_a_database_that_is_not_there_is_one_line_without_its_password() -> None:
    with pytest.raises(BadInput) as refusal:
        TrialDatabase("sqlite:////nowhere/at/all.db").open()
    assert "nowhere" in str(refusal.value)
    with pytest.raises(BadInput) as refusal:
        TrialDatabase("postgresql+psycopg://me:secret@db/trials").open()
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with pytest.raises(BadInput, match="MATOPS_TUNING_STORAGE"):
        TrialDatabase("no url").open()
