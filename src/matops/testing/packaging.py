"""A family's model in a package: what is loaded answers as what was trained."""

import json
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.package import Golden, golden_difference, load_checked, write_package
from matops.core.family import Family
from matops.core.predictor import Predictor
from matops.core.quality.card import SCHEMA_VERSION, Card, DataSummary, DomainSummary, Environment
from matops.core.quality.domain import fit_domain
from matops.core.quality.gate import Verdict
from matops.core.quality.uncertainty import Conformal
from matops.testing.case import ROWS, case_of, ensemble_of


def _predictor(family: Family) -> Predictor:
    case, n = case_of(family), len(family.properties)
    conformal = Conformal(0.9, (0.01,) * n, ((1.5,),) * n, 20, 20)
    samples = [family.parse(payload) for payload in case.payloads * 3]
    domain = fit_domain(family.describe(samples, family.featurize(samples, case.config)))
    ensemble = ensemble_of(family)
    return Predictor(family, case.config, ensemble, conformal, domain, "unversioned", "data-1")


def _card(predictor: Predictor) -> Card:
    domain, family = predictor.domain, predictor.family
    return Card(
        schema_version=SCHEMA_VERSION,
        family=family.name,
        version="",
        created="2024-01-02T03:04:05Z",
        targets=family.targets,
        derived=family.derived,
        data=DataSummary(predictor.dataset_version, {"train": ROWS}, {"train": 1}, {}, ()),
        configuration=json.loads(to_json(predictor.config)),
        environment=Environment("0", "", platform.python_version(), "", "", "cpu"),
        calibration=predictor.conformal,
        domain=DomainSummary(tuple(sorted(domain.tokens)), domain.threshold, 0.0, {}),
        measurements={},
        verdict=Verdict(False, ()),
        champion="",
        lineage=(),
        files={},
    )


class Packages:
    """Packages and golden requests."""

    def test_packaged_model_answers_as_it_did_before(self, family: Family, tmp_path: Path) -> None:
        before, payloads = _predictor(family), case_of(family).payloads
        golden = Golden(tuple(map(dict, payloads)), tuple(before.predict(payloads)))
        ensemble, directory = before.ensemble, tmp_path / "package"
        card = write_package(directory, _card(before), ensemble, before.domain, golden)

        after = load_checked(directory)
        answers = after.predict(payloads)
        assert golden_difference(golden, answers) < 1e-5
        assert after.scaled(payloads) == pytest.approx(before.scaled(payloads), rel=1e-5)
        assert (after.config, after.model_version) == (before.config, card.version)
        for given in answers:
            assert not given.unseen
            assert set(given.estimates) == {target.name for target in family.targets}
            for target in family.targets:
                estimate = given.estimates[target.name]
                assert estimate.unit == target.unit
                assert given.out_of_domain is (given.coverage is None) is (estimate.lower is None)
                if estimate.lower is not None and estimate.upper is not None:
                    assert np.less(estimate.lower, estimate.value).all()
                    assert np.less(estimate.value, estimate.upper).all()
            assert set(given.derived) == {target.name for target in family.derived}
            for target in family.derived:
                estimate = given.derived[target.name]
                assert estimate.unit == target.unit
                assert target.within(estimate.value) == estimate.value
                assert given.out_of_domain is (estimate.lower is None) is (estimate.upper is None)
                if estimate.lower is not None and estimate.upper is not None:
                    assert estimate.lower <= estimate.value <= estimate.upper
                    ends = np.array([estimate.lower, estimate.upper])
                    assert (target.within(ends) == ends).all()

    def test_golden_requests_notice_other_weights(self, family: Family) -> None:
        before, payloads = _predictor(family), case_of(family).payloads
        golden = Golden(tuple(map(dict, payloads)), tuple(before.predict(payloads)))
        tensors = before.ensemble.tensors()
        shifted = {name: t + 0.01 if t.is_floating_point() else t for name, t in tensors.items()}
        moved = replace(before, ensemble=family.restore(shifted, before.config))
        assert golden_difference(golden, moved.predict(payloads)) > 1e-5
