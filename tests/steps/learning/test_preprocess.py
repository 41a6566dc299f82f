"""Preprocess: features once for the same records and graph, and samples as they were split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from matops.artifacts.data.prepared import SUMMARY, read_prepared
from matops.artifacts.jsonfile import read_json
from matops.core.data.split import SplitConfig
from matops.core.errors import BadInput
from matops.core.quality.card import DataSummary
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.steps.learning.preprocess import preprocess
from matops.steps.ports import DatasetVersion

Run = Callable[..., bool]
Change = Callable[[ElasticConfig], ElasticConfig]


@pytest.fixture
def data(family: Any, store: Any, alloys: list[Any]) -> DatasetVersion:
    return store.append(family, alloys[:120])


@pytest.fixture
def run(family: Any, config: ElasticConfig, data: DatasetVersion, tmp_path: Path) -> Run:
    def preprocess_once(
        config: ElasticConfig = config, data: DatasetVersion = data, out: str = "out"
    ) -> bool:
        return preprocess(family, data, config, tmp_path / out, tmp_path / "cache")

    return preprocess_once


def test_samples_of_a_version_are_prepared_once(
    run: Run, family: Any, config: ElasticConfig, tmp_path: Path
) -> None:
    assert run(out="first") is False
    assert run(out="second") is True
    first, second = (read_prepared(tmp_path / out, family, config) for out in ("first", "second"))
    assert first.records == second.records
    assert all(
        torch.equal(tensor, second.features.flat()[name])
        for name, tensor in first.features.flat().items()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, training=replace(c.training, epochs=99, seed=7, members=9)),
        lambda c: replace(c, evaluation=replace(c.evaluation, golden_requests=1, coverage=0.5)),
        lambda c: replace(c, network=replace(c.network, n_conv=2)),
        lambda c: replace(c, split=replace(c.split, salt="other")),
    ],
)
def test_what_features_do_not_depend_on_needs_no_new_ones(
    run: Run, config: ElasticConfig, change: Change
) -> None:
    run()
    assert run(change(config)) is True


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, graph=replace(c.graph, neighbours=8)),
        lambda c: replace(c, graph=replace(c.graph, radius_A=6.0)),
    ],
)
def test_another_graph_is_prepared_anew(run: Run, config: ElasticConfig, change: Change) -> None:
    run()
    assert run(change(config), out="other") is False
    assert run() is True


def test_another_split_shares_the_features_but_not_the_parts(
    run: Run, family: Any, config: ElasticConfig, tmp_path: Path
) -> None:
    other = replace(config, split=replace(config.split, salt="other"))
    run()
    run(other, out="other")
    summaries = [read_json(tmp_path / out / SUMMARY, DataSummary) for out in ("out", "other")]
    first, second = (read_prepared(tmp_path / "out", family, c) for c in (config, other))
    assert summaries == [first.summary(), second.summary()]
    assert not torch.equal(first.rows("test"), second.rows("test"))


def test_a_version_of_the_same_records_shares_their_features_under_its_own_name(
    run: Run, data: DatasetVersion, tmp_path: Path
) -> None:
    run()
    assert run(data=replace(data, version="v2"), out="other") is True
    assert read_json(tmp_path / "other" / SUMMARY, DataSummary).version == "v2"


def test_a_version_with_more_records_is_prepared_anew(
    run: Run, family: Any, data: DatasetVersion, store: Any, alloys: list[Any]
) -> None:
    run()
    assert run(data=store.append(family, alloys[120:125]), out="other") is False


def test_another_graph_gives_other_features(
    run: Run, family: Any, config: ElasticConfig, tmp_path: Path
) -> None:
    fewer = replace(config, graph=replace(config.graph, neighbours=6))
    run()
    run(fewer, out="fewer")
    found = read_prepared(tmp_path / "out", family, config).features
    assert not torch.equal(
        found.flat()["count/edge"],
        read_prepared(tmp_path / "fewer", family, fewer).features.flat()["count/edge"],
    )


def test_features_stay_with_their_records(
    run: Run, family: Any, config: ElasticConfig, tmp_path: Path
) -> None:
    run()
    found = read_prepared(tmp_path / "out", family, config)
    for i in (0, 17, 119):
        alone = family.featurize([family.parse(found.records[i].payload)], config)
        taken = found.features.take(torch.tensor([i]))
        for name, tensor in alone.flat().items():
            np.testing.assert_allclose(taken.flat()[name], tensor, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("split", "part"),
    [
        (SplitConfig(calibration=0.02, test=0.2), "calibration"),
        (SplitConfig(calibration=0.2, test=0.0), "test"),
        (SplitConfig(calibration=0.5, test=0.5), "train"),
    ],
)
def test_part_with_too_few_groups_is_refused_by_name(
    run: Run, config: ElasticConfig, split: SplitConfig, part: str
) -> None:
    with pytest.raises(BadInput, match=f"of 120 groups fall to {part}; at least"):
        run(replace(config, split=split))


def test_coverage_that_needs_more_groups_is_refused_with_and_without_the_cache(
    run: Run, config: ElasticConfig
) -> None:
    strict = replace(config, evaluation=replace(config.evaluation, coverage=0.99))
    with pytest.raises(BadInput, match="fall to calibration; at least 99 are needed"):
        run(strict)
    run()
    with pytest.raises(BadInput, match="fall to calibration; at least 99 are needed"):
        run(strict)
