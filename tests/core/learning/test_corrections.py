"""Ways of learning on from a start: the best on groups it was not fitted to is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from matops.core.data.tables import Tables
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.learning.corrections import Lesson, choose_way
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.training_config import TrainingConfig
from matops.core.learning.transfer import Ancestor, Start, TransferConfig, Way

TARGETS = (Target("y", "GPa", "a toy"),)
SLOPE = 3.0


class Net(nn.Module):
    """Answers w times the first number, or, as a line, v times the second."""

    def __init__(self, w: float = 0.0, v: float = 0.0) -> None:
        super().__init__()
        self.output = nn.Linear(2, 1, bias=False)
        self.output.weight = nn.Parameter(torch.tensor([[w, v]]))

    def forward(self, batch: Batch) -> Tensor:
        answer: Tensor = self.output(batch["sample.x"])
        return answer


@dataclass
class Learner:
    """Fine-tuning that gives what it is told to, and a line where there is one."""

    tuned: Net
    has_line: bool = True
    seen: list[int] = field(default_factory=list)  # rows of each fine-tuning

    def network(self, config: Any) -> nn.Module:
        return Net()

    def fit_line(self, features: PackedFeatures, standard: Any, config: Any) -> nn.Module | None:
        if not self.has_line:
            return None
        second = features.tensors["sample.x"][:, 1:]
        slope = torch.linalg.lstsq(second, standard).solution
        return Net(v=float(slope))

    def fit_member(
        self,
        features: PackedFeatures,
        standard: Any,
        config: Any,
        member: int,
        progress: Any,
        start: Mapping[str, Tensor] | None,
        checkpoints: Any,
    ) -> tuple[nn.Module, list[Any]]:
        self.seen.append(len(features))
        return self.tuned, []


@dataclass(frozen=True)
class Config:
    training: TrainingConfig


def lesson(
    learner: Learner, column: int, rows: int = 42, **transfer: Any
) -> tuple[Lesson, list[str]]:
    """Targets are a multiple of one column; the start answers the first. Folds are not even."""
    x = np.random.default_rng(0).normal(size=(rows, 2))
    truth = Tables(TARGETS, {"sample": SLOPE * x[:, [column]] + 1.0})
    start = Start(
        ({"output.weight": torch.tensor([[1.0, 0.0]])},), (Ancestor("v", "d", "whole", True),)
    )
    config = Config(TrainingConfig(transfer=TransferConfig(**transfer)))
    features = PackedFeatures({"sample.x": torch.from_numpy(x).float()})
    return Lesson(learner, config, features, truth, start), [f"g{i // 2}" for i in range(rows)]


@pytest.mark.parametrize(
    ("column", "tuned", "way"),
    [
        (0, Net(0.5, 0.5), "start_line"),  # the start knows it, fine-tuning forgot
        (1, Net(0.5, 0.0), "descriptor_line"),  # the start knows nothing of it
    ],
)
def test_what_is_best_on_unseen_groups_is_taken(column: int, tuned: Net, way: Way) -> None:
    here, groups = lesson(Learner(tuned), column)
    choice = choose_way(here, groups)
    assert choice is not None
    assert choice.way == way
    assert choice.groups == 21
    assert set(choice.errors) == {"start_line", "descriptor_line", "fine_tuning"}
    assert choice.errors[way] < 0.25 < min(e for w, e in choice.errors.items() if w != way)
    assert f"{choice.errors[way]:.3f}" in choice.words
    ensemble, _ = here.learn(choice.way, 0, 0)
    answers = ensemble.predict(here.features)["sample"][0]
    off = np.abs(answers - here.scaled["sample"]).mean() / here.scaled["sample"].std()
    assert off == pytest.approx(choice.errors[way], abs=0.1)


def test_fine_tuning_is_taken_where_it_is_best() -> None:
    """Targets are about unit deviation after scaling, so that the right answer is a multiple."""
    here, groups = lesson(Learner(Net(0.0, 1.0), has_line=False), 1)
    choice = choose_way(here, groups)
    assert choice is not None
    assert choice.way == "fine_tuning"
    assert set(choice.errors) == {"start_line", "fine_tuning"}


def test_folds_hold_out_whole_groups_of_the_training_rows_alone() -> None:
    learner = Learner(Net())
    here, groups = lesson(learner, 0)
    choose_way(here, groups)
    assert sum(42 - rows for rows in learner.seen) == 42
    assert all(rows % 2 == 0 and rows < 42 for rows in learner.seen)


def test_nothing_is_compared_without_a_start_with_few_groups_or_with_many() -> None:
    here, groups = lesson(Learner(Net()), 0)
    assert choose_way(replace(here, start=None), groups) is None
    for alike, settings, way in (
        (["a", "b"] * 21, {}, "start_line"),
        (groups, {"compare_up_to": 20}, "fine_tuning"),
        (groups, {"ways": ("descriptor_line",)}, "descriptor_line"),
    ):
        learner = Learner(Net())
        choice = choose_way(lesson(learner, 0, **settings)[0], alike)
        assert choice is not None
        assert (choice.way, choice.errors, learner.seen) == (way, {}, [])
        assert "compared with nothing" in choice.words


def test_a_way_that_the_model_has_not_is_refused_by_name() -> None:
    here, groups = lesson(Learner(Net(), has_line=False), 0, ways=("descriptor_line",))
    with pytest.raises(BadInput, match=r"training\.transfer\.ways \(descriptor_line\)"):
        choose_way(here, groups)
