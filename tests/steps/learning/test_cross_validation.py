"""Cross-validation: what it answers for a known predictor, and that nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from matops.artifacts.model.package import load_predictor
from matops.core.data.record import Quarantined
from matops.core.data.split import grouped_folds
from matops.core.errors import BadInput
from matops.core.exploring.study import Variant
from matops.core.learning.transfer import TransferConfig
from matops.families.elastic_cgcnn import ElasticCGCNN
from matops.steps.learning import fold_plan
from matops.steps.learning.cross_validation import HeldOutAnswers, Workplace, cross_validate
from matops.steps.learning.fold_plan import Case, Folds
from matops.steps.learning.samples import Samples, gather_samples

FOLDS = Folds(2, seed=1)
LEARNING_ON = TransferConfig(disjoint_data=True, ways=("fine_tuning",))


class Mean(nn.Module):
    """Answers the mean of what it was trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(7))

    def forward(self, batch: Any) -> Tensor:
        return torch.zeros(batch.size, 2)


class Guessing(ElasticCGCNN):
    """The family with :class:`Mean` for a network, counting its trainings."""

    def __init__(self) -> None:
        self.fitted: list[int] = []
        self.fails_at: int | None = None
        self.starts: list[Any] = []

    def fit_member(
        self,
        features: Any,
        standard_targets: Any,
        config: Any,
        member: int = 0,
        progress: Any = 0,
        start: Any = None,
        checkpoints: Any = None,
    ) -> Any:
        self.starts.append(start)
        if len(self.fitted) == self.fails_at:
            raise InterruptedError
        self.fitted.append(member)
        return Mean().eval(), []


Run = Callable[..., list[HeldOutAnswers]]


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def guessing() -> Guessing:
    return Guessing()


@pytest.fixture
def samples(guessing: Guessing, alloys: list[Any]) -> Samples:
    return gather_samples(guessing, alloys[:40])[0]


@pytest.fixture
def run(samples: Samples, tmp_path: Path, quiet: Any) -> Run:
    def validate(
        *cases: Case, folds: Folds = FOLDS, samples: Samples = samples, workers: int = 1
    ) -> list[HeldOutAnswers]:
        place = Workplace(tmp_path / "cache", tmp_path / "done", workers, lambda stage: quiet)
        return cross_validate(samples, cases, folds, place)

    return validate


@pytest.fixture
def case(config: Any) -> Case:
    return Case(Variant("released"), config)


def epochs(case: Case, count: int) -> Case:
    training = replace(case.config.training, epochs=count)
    return Case(Variant(f"{count} epochs"), replace(case.config, training=training))


def test_where_only_the_first_fold_is_held_out_the_others_stay_without_an_answer(
    run: Run, samples: Samples, guessing: Guessing, case: Case
) -> None:
    [found] = run(case, folds=replace(FOLDS, measured=1))
    held_out = grouped_folds(samples.groups.tolist(), 2, seed=1) == 0
    assert (np.isfinite(found.predicted["sample"]).all(axis=(0, 1, 3)) == held_out).all()
    assert len(guessing.fitted) == case.config.training.members


def test_every_sample_is_answered_by_the_other_folds(
    run: Run, samples: Samples, case: Case
) -> None:
    [found] = run(case)
    fold_of = grouped_folds(samples.groups.tolist(), 2, seed=1)
    assert found.predicted["sample"].shape == (1, 2, 40, 2)
    for fold in (0, 1):
        expected = samples.scaled["sample"][fold_of != fold].mean(0)
        rows = found.predicted["sample"][:, :, fold_of == fold]
        np.testing.assert_allclose(rows, np.broadcast_to(expected, rows.shape), rtol=1e-5)
    assert (found.weights, found.train_groups, found.seconds_per_epoch) == (7, 20, None)
    assert found.seconds_per_member >= 0


def test_fewer_groups_train_where_a_variant_says_so(run: Run, samples: Samples, case: Case) -> None:
    [found] = run(Case(Variant("few", train_groups=3), case.config, draws=4))
    assert found.train_groups == 3
    assert found.predicted["sample"].shape == (4, 2, 40, 2)
    assert np.isfinite(found.predicted["sample"]).all()
    assert len(np.unique(found.predicted["sample"][:, 0, :, 0].round(6))) == 4 * 2


def test_the_same_again_trains_nothing(run: Run, guessing: Guessing, case: Case) -> None:
    [first] = run(case)
    assert sorted(guessing.fitted) == [0, 1, 1000, 1001]
    [second] = run(case)
    assert len(guessing.fitted) == 4
    np.testing.assert_array_equal(first.predicted["sample"], second.predicted["sample"])
    assert first.seconds_per_member == second.seconds_per_member


def test_interrupted_it_continues_where_it_was(run: Run, guessing: Guessing, case: Case) -> None:
    guessing.fails_at = 3
    with pytest.raises(InterruptedError):
        run(case)
    guessing.fails_at = None
    run(case)
    assert sorted(guessing.fitted) == [0, 1, 1000, 1001]


def test_a_changed_variant_trains_only_itself(run: Run, guessing: Guessing, case: Case) -> None:
    run(case, epochs(case, 5))
    guessing.fitted.clear()
    run(case, epochs(case, 6))
    assert len(guessing.fitted) == 4
    guessing.fitted.clear()
    run(case, epochs(case, 5), epochs(case, 6))
    assert guessing.fitted == []


def test_one_more_member_trains_only_that_one(run: Run, guessing: Guessing, case: Case) -> None:
    run(case)
    guessing.fitted.clear()
    training = replace(case.config.training, members=3)
    [found] = run(Case(case.variant, replace(case.config, training=training)))
    assert sorted(guessing.fitted) == [2, 1002]
    assert found.predicted["sample"].shape[1] == 3


def test_two_cases_that_say_the_same_are_trained_once(
    run: Run, guessing: Guessing, case: Case
) -> None:
    first, second = run(case, Case(Variant("the same"), case.config))
    assert len(guessing.fitted) == 4
    np.testing.assert_array_equal(first.predicted["sample"], second.predicted["sample"])


def test_cases_that_differ_in_the_network_alone_share_their_features(
    run: Run, case: Case, tmp_path: Path
) -> None:
    wider = replace(case.config, network=replace(case.config.network, h_fea_len=8))
    fewer = replace(case.config, graph=replace(case.config.graph, neighbours=8))
    run(case, Case(Variant("wider"), wider), epochs(case, 5))
    assert len(list((tmp_path / "cache").iterdir())) == 1
    run(Case(Variant("fewer"), fewer))
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_new_data_trains_anew(run: Run, guessing: Guessing, alloys: list[Any], case: Case) -> None:
    run(case)
    guessing.fitted.clear()
    run(case, samples=gather_samples(guessing, alloys[:41])[0])
    assert len(guessing.fitted) == 4


def test_a_case_that_can_not_be_is_refused_before_anything_is_computed(
    run: Run, guessing: Guessing, case: Case, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=r"variant .many. trains on 30 groups; .* a fold has 20"):
        run(case, Case(Variant("many", train_groups=30), case.config))
    assert guessing.fitted == []
    assert not (tmp_path / "cache").exists()


def test_progress_counts_features_and_networks(
    samples: Samples, case: Case, tmp_path: Path
) -> None:
    said: list[tuple[str, int, int]] = []

    def report(stage: str) -> Callable[[int, int, str], None]:
        return lambda done, total, _: said.append((stage, done, total))

    for _ in range(2):
        cross_validate(samples, [case], FOLDS, Workplace(tmp_path, tmp_path / "done", 1, report))
    assert said[:6] == [("features", 1, 1), *(("train", done, 4) for done in range(5))]
    assert said[6:] == [("features", 1, 1), ("train", 4, 4)]


def test_workers_answer_as_one_process_does(
    run: Run, family: Any, alloys: list[Any], case: Case, tmp_path: Path
) -> None:
    samples, short = gather_samples(family, alloys[:40])[0], epochs(case, 2)
    [alone] = run(short, samples=samples)
    for path in (tmp_path / "done").iterdir():
        path.unlink()
    [together] = run(short, samples=samples, workers=2)
    np.testing.assert_array_equal(alone.predicted["sample"], together.predicted["sample"])
    assert np.ptp(alone.predicted["sample"], axis=1).max() > 0
    assert alone.seconds_per_epoch is not None
    assert 0 < alone.seconds_per_epoch < alone.seconds_per_member


def test_samples_are_in_the_order_of_their_ids_without_repeats(
    family: Any, alloys: list[Any]
) -> None:
    bad = Quarantined("a file", "it is broken")
    samples, refused = gather_samples(family, [*alloys[5::-1], bad, *alloys[:3]])
    assert samples.ids.tolist() == sorted(record.id for record in alloys[:6])
    assert refused == [bad]
    assert samples.groups.tolist() == [record.group for record in samples.records]
    moduli = [[record.targets["K_VRH"], record.targets["G_VRH"]] for record in samples.records]
    np.testing.assert_allclose(10 ** samples.scaled["sample"], moduli)


def test_a_source_without_a_good_record_is_refused(family: Any) -> None:
    with pytest.raises(BadInput, match="no usable record: 1 were refused"):
        gather_samples(family, [Quarantined("a file", "it is broken")])


@pytest.fixture
def transfer(case: Case, world: Any) -> Case:
    """Three members that start from the two of a package."""
    config = replace(case.config.training, members=3, transfer=LEARNING_ON)
    package = world.evaluation / "package"
    return Case(Variant("transfer"), replace(case.config, training=config), start=package)


def test_transfer_starts_each_member_from_one_of_the_package_s(
    run: Run, guessing: Guessing, transfer: Case
) -> None:
    run(Case(Variant("scratch"), transfer.config), transfer)
    assert guessing.starts[:6] == [None] * 6
    assert transfer.start is not None
    networks = load_predictor(transfer.start).ensemble.networks
    members = [network.state_dict() for network in networks]
    assert len(members) == 2
    for start, expected in zip(guessing.starts[6:], [0, 1, 0, 0, 1, 0], strict=True):
        assert start.keys() == members[expected].keys()
        assert all(torch.equal(start[name], members[expected][name]) for name in start)


def test_a_start_that_is_trained_no_further_answers_as_its_package(
    run: Run, family: Any, alloys: list[Any], transfer: Case, world: Any
) -> None:
    still = replace(transfer.config.training, learning_rate=1e-12, weight_decay=0.0, epochs=1)
    samples = gather_samples(family, world.prepared().records[:40])[0]
    case = replace(transfer, config=replace(transfer.config, training=still))
    [found] = run(case, samples=samples)
    [scratch] = run(replace(case, start=None), samples=samples)
    truth = samples.scaled["sample"].ravel()
    moved = np.corrcoef(found.predicted["sample"][0, 0].ravel(), truth)[0, 1]
    assert moved > 0.9 > np.corrcoef(scratch.predicted["sample"][0, 0].ravel(), truth)[0, 1]


def test_transfer_from_another_package_trains_anew(
    run: Run, guessing: Guessing, transfer: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(transfer)
    run(transfer)
    assert len(guessing.fitted) == 6
    monkeypatch.setattr(fold_plan, "_start_version", lambda family, case: "another")
    run(transfer)
    assert len(guessing.fitted) == 12


def test_how_to_learn_on_matters_to_those_that_do(
    run: Run, guessing: Guessing, transfer: Case
) -> None:
    head = replace(transfer.config.training, transfer=replace(LEARNING_ON, mode="head"))
    scratch = replace(transfer, start=None)
    run(scratch, transfer)
    guessing.fitted.clear()
    run(replace(scratch, config=replace(scratch.config, training=head)))
    assert guessing.fitted == []
    run(replace(transfer, config=replace(transfer.config, training=head)))
    assert len(guessing.fitted) == 6


def test_start_that_may_have_seen_the_held_out_groups_is_refused(
    run: Run, case: Case, transfer: Case
) -> None:
    with pytest.raises(BadInput, match=r"variant 'transfer': .*transfer\.disjoint_data=true"):
        run(replace(transfer, config=case.config))


def test_package_of_another_family_or_none_is_refused(
    run: Run, transfer: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="no such file"):
        run(replace(transfer, start=tmp_path / "nothing"))
    monkeypatch.setattr(Guessing, "name", "other_family")
    with pytest.raises(BadInput, match="a model of elastic_cgcnn, not of other_family"):
        run(transfer)
