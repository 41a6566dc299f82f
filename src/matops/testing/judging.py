"""Gates that can fail: a good model passes all of a family's, and each refuses a broken one."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from typing_extensions import override

from matops.core.data.record import Provenance, Record
from matops.core.data.tables import Tables
from matops.core.family import Family, FamilyConfig
from matops.core.family.derived import with_derived
from matops.core.learning.features import PackedFeatures
from matops.core.pauses import Pauses
from matops.core.predictor import Predictor
from matops.core.quality.domain import fit_domain
from matops.core.quality.gate import Verdict
from matops.core.quality.uncertainty import calibrate
from matops.steps.quality.evaluate import measure_model
from matops.steps.quality.held_out import HeldOut
from matops.testing.broken_models import Break, JudgedModel, common_breaks
from matops.testing.case import case_of, ensemble_of, typical_tables

TEST_ROWS, CALIBRATION_ROWS = 60, 40
TIMED_REQUESTS = 1


@dataclass(frozen=True)
class Lawful:
    """Samples, and a model that is right about them."""

    payloads: Sequence[Any]
    model: JudgedModel


@dataclass(frozen=True, eq=False)
class Trial:
    """One family before its judge: the labels are a lawful model's answers, and some noise."""

    family: Family
    config: FamilyConfig
    lawful: Lawful

    def verdict(self, model: JudgedModel) -> Verdict:
        """What the real judge says of a model, by all that an evaluation measures."""
        predictor = self._predictor(model)
        mean = self._joined(predictor.means(self.lawful.payloads)).take(self._rows(TEST_ROWS))
        named = Provenance("trial", "")
        records = [
            Record(str(i), f"g{i}", self.lawful.payloads[row], {}, named)
            for i, row in enumerate(self._rows(TEST_ROWS).tolist())
        ]
        labels = self._joined(self._labels(TEST_ROWS))
        test = HeldOut(records, labels, mean, mean.each(np.ones_like))
        return measure_model(predictor, test, None).verdict

    @cached_property
    def _samples(self) -> list[Any]:
        return [self.family.parse(payload) for payload in self.lawful.payloads]

    @cached_property
    def _right(self) -> Tables:
        return self.lawful.model.answer(self._samples)

    def _rows(self, count: int) -> NDArray[np.int64]:
        """The samples over and over."""
        return np.arange(count) % len(self.lawful.payloads)

    def _predictor(self, model: JudgedModel) -> Predictor:
        right = self._right.take(self._rows(CALIBRATION_ROWS))
        claimed = self._labels(CALIBRATION_ROWS).each(
            lambda label, truth: truth + model.calibration_errors * (label - truth), right
        )
        right, claimed = self._joined(right), self._joined(claimed)
        groups = [f"c{i}" for i in range(CALIBRATION_ROWS)]
        coverage, spread = self.config.evaluation.coverage, right.each(np.ones_like)
        features = self.family.featurize(self._samples, self.config)
        return _Answering(
            self.family,
            self.config,
            ensemble_of(self.family),
            calibrate(claimed, right, spread, groups, coverage),
            fit_domain(self.family.describe(self._samples, features)),
            "judged",
            "trial",
            model,
        )

    def _joined(self, tables: Tables) -> Tables:
        return with_derived(self.family, tables)

    def _labels(self, count: int) -> Tables:
        """The lawful answers with errors of a third of what the gates allow."""
        rng = np.random.default_rng(count)
        allowed = {gate.metric: gate.limit for gate in self.family.gates(self.config)}
        return self._right.take(self._rows(count)).each_target(
            lambda target, table: (
                table + allowed.get(f"{target.name}.mae", 0.0) / 3 * _even_normal(table.shape, rng)
            )
        )


def _even_normal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Columns of all quantiles of the normal distribution: no coverage is a matter of chance."""
    order = rng.permuted(np.tile(np.arange(shape[0])[:, None], shape[1]), axis=0)
    return np.asarray(norm.ppf((order + 0.5) / shape[0]))


@dataclass(frozen=True)
class _Answering(Predictor):
    """A predictor whose networks are replaced by a model under judgement."""

    model: JudgedModel

    @override
    def _members(self, samples: Sequence[Any], features: PackedFeatures) -> Pauses[Tables]:
        time.sleep(self.model.delay_s)
        yield
        return self.model.answer(samples).each(lambda table: np.stack([table - 1, table + 1]))


class IsJudged:
    """Gates; a family whose physics tells models apart says how by ``lawful`` and ``breaks``."""

    @pytest.fixture
    def lawful(self, family: Family) -> Lawful:
        """Samples and a model that is right about them; unless overridden, one typical answer."""
        config = family.preset("demo")

        def answer(samples: Sequence[Any]) -> Tables:
            return typical_tables(family, family.featurize(samples, config))

        return Lawful(case_of(family).payloads, JudgedModel(answer))

    @pytest.fixture
    def breaks(self) -> Mapping[str, Break]:
        """Further ways in which this family's models break."""
        return {}

    @pytest.fixture
    def trial(self, family: Family, lawful: Lawful) -> Trial:
        """The family's demo before its judge."""
        demo = family.preset("demo")
        evaluation = replace(
            demo.evaluation,
            physics_samples=len(lawful.payloads),
            latency_requests=TIMED_REQUESTS,
        )
        return Trial(family, replace(demo, evaluation=evaluation), lawful)

    def test_a_good_model_passes_and_each_gate_refuses_a_broken_one(
        self, family: Family, trial: Trial, lawful: Lawful, breaks: Mapping[str, Break]
    ) -> None:
        verdict = trial.verdict(lawful.model)
        assert verdict.accepted, [(f.gate.name, f.reason) for f in verdict.failures]
        gates = family.gates(trial.config)
        slowest = next((gate.limit for gate in gates if gate.metric.startswith("latency")), None)
        refused_by = {
            name: {failure.gate.name for failure in trial.verdict(broken(lawful.model)).failures}
            for name, broken in {**common_breaks(family.targets, slowest), **breaks}.items()
        }
        harmless = [name for name, refusing in refused_by.items() if not refusing]
        assert not harmless, f"models that no gate refuses: {harmless}"
        idle = {gate.name for gate in gates} - set().union(*refused_by.values())
        assert not idle, f"gates that refuse no broken model; add one to 'breaks': {sorted(idle)}"

    def test_every_measure_of_physics_has_a_gate_that_refuses_what_is_no_number(
        self, family: Family, trial: Trial, lawful: Lawful
    ) -> None:
        some = list(lawful.payloads)[:4]

        def nothing(given: Sequence[Any], axis: str = "sample") -> np.ndarray:
            answers = lawful.model.answer([family.parse(payload) for payload in given])
            return np.full_like(answers[axis], np.nan)

        measured = family.measure_physics(nothing, some, trial.config)
        assert measured
        assert set(measured) <= {gate.metric for gate in family.gates(trial.config)}
        not_numbers = JudgedModel(
            lambda samples: lawful.model.answer(samples).each(lambda a: np.full_like(a, np.nan))
        )
        refused = {failure.gate.metric for failure in trial.verdict(not_numbers).failures}
        assert set(measured) <= refused
