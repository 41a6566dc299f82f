"""Features: the same however they were computed, and computed no more often than needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from matops.core.learning.features import PackedFeatures
from matops.families.elastic_cgcnn import ElasticCGCNN
from matops.steps.learning import features
from matops.steps.learning.features import features_file, keep_features, read_features

Keep = Callable[..., Path]
Seen = list[tuple[int, int, str]]


class Counting(ElasticCGCNN):
    """The family, counting what it featurizes; it can be told to fail."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.fails_at: int | None = None

    def featurize(self, samples: Any, config: Any) -> PackedFeatures:
        if len(self.sizes) == self.fails_at:
            raise InterruptedError
        self.sizes.append(len(samples))
        return super().featurize(samples, config)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def seen() -> Seen:
    return []


@pytest.fixture
def keep(
    counting: Counting,
    alloys: list[Any],
    config: Any,
    seen: Seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Keep:
    monkeypatch.setattr(features, "RECORDS_AT_ONCE", 8)

    def keep_some(n: int = 20, config: Any = config, workers: int = 1, family: Any = None) -> Path:
        return keep_features(
            family or counting,
            alloys[:n],
            config,
            tmp_path / "cache",
            workers,
            lambda done, total, words: seen.append((done, total, words)),
        )

    return keep_some


def same(first: PackedFeatures, second: PackedFeatures) -> bool:
    a, b = first.flat(), second.flat()
    return a.keys() == b.keys() and all(torch.allclose(a[name], b[name]) for name in a)


def test_parts_joined_are_what_all_at_once_gives(
    keep: Keep, family: Any, alloys: list[Any], config: Any
) -> None:
    found = read_features(keep(), family.pointers)
    whole = family.featurize([family.parse(record.payload) for record in alloys[:20]], config)
    assert same(found, whole)
    rows = torch.tensor([19, 3, 8])
    assert same(found.take(rows), whole.take(rows))


def test_features_are_computed_once_in_parts_with_progress(
    keep: Keep, counting: Counting, seen: Seen, tmp_path: Path
) -> None:
    path = keep()
    assert counting.sizes == [8, 8, 4]
    assert [(done, total) for done, total, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    assert keep() == path
    assert len(counting.sizes) == 3
    assert seen[-1] == (1, 1, "kept from before")
    assert list((tmp_path / "cache").iterdir()) == [path]


@pytest.mark.parametrize("n", [1, 8])
def test_one_part_alone_is_the_whole(keep: Keep, family: Any, n: int) -> None:
    assert len(read_features(keep(n), family.pointers)) == n


def test_interrupted_computation_continues_with_the_part_that_is_missing(
    keep: Keep, counting: Counting, family: Any
) -> None:
    counting.fails_at = 2
    with pytest.raises(InterruptedError):
        keep()
    counting.fails_at = None
    assert len(read_features(keep(), family.pointers)) == 20
    assert counting.sizes == [8, 8, 4]


def test_workers_change_nothing(keep: Keep, family: Any) -> None:
    alone = read_features(keep(), family.pointers)
    for path in keep().parent.iterdir():
        path.unlink()
    assert same(alone, read_features(keep(workers=2, family=family), family.pointers))


def test_the_file_is_named_by_records_graph_and_code(
    family: Any, alloys: list[Any], config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name(records: list[Any] = alloys[:5], config: Any = config) -> Path:
        return features_file(Path(), family, records, config)

    graph = replace(config.graph, neighbours=8)
    others = [name(alloys[:4]), name(alloys[4::-1]), name(config=replace(config, graph=graph))]
    monkeypatch.setattr(features, "code_digest", lambda *_: b"other code")
    assert len({*others, name()}) == 4
    monkeypatch.undo()
    assert name() not in others
    trained_longer = replace(config, training=replace(config.training, epochs=99))
    assert name(config=trained_longer) == name()
