"""Models and checkpoints between training and evaluation."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from matops.artifacts.model.model import (
    LearningPoint,
    MemberLog,
    TrainingLog,
    read_member,
    read_model,
    write_member,
    write_model,
)
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.learning.training import Ensemble, EpochLog
from matops.core.predictor import Predictor

EPOCHS = (EpochLog(0, 0, 0.9), EpochLog(0, 1, float("inf")))
LOG = TrainingLog("key", "cpu", EPOCHS, (LearningPoint(40, {"K_VRH": 0.1}),))


def test_model_answers_the_same_after_storage(
    tmp_path: Path, predictor: Predictor, records: list[Record]
) -> None:
    family, config = predictor.family, predictor.config
    write_model(tmp_path, predictor.ensemble, LOG)
    ensemble, log = read_model(tmp_path, family, config)
    features = family.featurize([family.parse(r.payload) for r in records], config)
    answers = [model.predict(features)["sample"] for model in (ensemble, predictor.ensemble)]
    np.testing.assert_array_equal(*answers)
    assert log == LOG


def test_checkpoint_is_found_by_its_own_training_only(tmp_path: Path, predictor: Predictor) -> None:
    build = partial(predictor.family.network, predictor.config)
    alone = Ensemble(
        predictor.ensemble.networks[:1], predictor.ensemble.centre, predictor.ensemble.scale
    )
    assert read_member(tmp_path, "member0", "key", build) is None
    write_member(tmp_path, "member0", alone, MemberLog("key", EPOCHS))
    found = read_member(tmp_path, "member0", "key", build)
    assert found is not None
    assert found[1].epochs == EPOCHS
    assert read_member(tmp_path, "member0", "other key", build) is None
    assert read_member(tmp_path, "member1", "key", build) is None


def test_checkpoint_without_its_log_is_not_whole(tmp_path: Path, predictor: Predictor) -> None:
    write_member(tmp_path, "member0", predictor.ensemble, MemberLog("key", EPOCHS))
    (tmp_path / "member0.json").unlink()
    build = partial(predictor.family.network, predictor.config)
    assert read_member(tmp_path, "member0", "key", build) is None


def test_damaged_log_is_bad_input(tmp_path: Path, predictor: Predictor) -> None:
    write_model(tmp_path, predictor.ensemble, LOG)
    (tmp_path / "training.json").write_text('{"key": "key"}')
    with pytest.raises(BadInput, match=r"training\.json: device"):
        read_model(tmp_path, predictor.family, predictor.config)
