"""Evaluate: calibrate, measure on rows that trained nothing, judge, make a candidate package."""

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

import matops
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model import TrainingLog, read_model
from matops.artifacts.package import Golden, load_predictor, write_package
from matops.artifacts.prepared import Prepared
from matops.artifacts.report import render_report
from matops.core.card import SCHEMA_VERSION, Card, DomainSummary, Environment
from matops.core.domain import fit_domain
from matops.core.gate import Gate, Measurement, Verdict, judge
from matops.core.predictor import Predictor
from matops.core.record import Record
from matops.core.split import Part
from matops.core.target import targets_from_scale
from matops.core.training import Ensemble
from matops.core.uncertainty import Conformal, calibrate
from matops.steps.measure import (
    champion_gates,
    error_rank_correlation,
    measure_against_champion,
    measure_errors,
    measure_latency,
)

Array = NDArray[np.float64]
PACKAGE, REPORT, ROWS = "package", "report.html", "test_predictions.csv"


@dataclass(frozen=True)
class HeldOut:
    """Rows of one part of the split with the ensemble's answers, on the learning scale."""

    records: list[Record]
    truth: Array
    mean: Array
    spread: Array

    @property
    def groups(self) -> list[str]:
        """Group of each row."""
        return [record.group for record in self.records]


def _held_out(prepared: Prepared, ensemble: Ensemble, part: Part) -> HeldOut:
    rows = prepared.rows(part)
    members = ensemble.predict(prepared.features.take(rows))
    records = [prepared.records[i] for i in rows.tolist()]
    truth = prepared.scaled_targets()[rows.numpy()]
    return HeldOut(records, truth, members.mean(0), members.std(0))


def _predictor(prepared: Prepared, ensemble: Ensemble, conformal: Conformal) -> Predictor:
    family = prepared.family
    train = [prepared.records[i] for i in prepared.rows("train").tolist()]
    domain = fit_domain(family.describe([family.parse(record.payload) for record in train]))
    return Predictor(
        family, prepared.config, ensemble, conformal, domain, "candidate", prepared.version
    )


def _against_champion(
    predictor: Predictor, test: HeldOut, champion: Path
) -> tuple[dict[str, Measurement], tuple[Gate, ...], str]:
    family, rival = predictor.family, load_predictor(champion)
    answers = rival.scaled([record.payload for record in test.records])
    measured = measure_against_champion(family.targets, test.truth, test.mean, answers, test.groups)
    tolerance = predictor.config.evaluation.champion_tolerance
    return measured, champion_gates(family, tolerance, rival.model_version), rival.model_version


def _measure(
    predictor: Predictor, test: HeldOut, champion: Path | None
) -> tuple[dict[str, Measurement], Verdict, str]:
    """All measurements, the verdict on them, and the champion's version."""
    family, config = predictor.family, predictor.config
    payloads = [record.payload for record in test.records]
    half_width = predictor.conformal.half_width(test.spread)
    found = measure_errors(family.targets, test.truth, test.mean, half_width, test.groups)
    some = payloads[: config.evaluation.physics_samples]
    found |= family.measure_physics(predictor.scaled, some, config)
    found |= measure_latency(predictor, payloads[: config.evaluation.latency_requests])
    gates, version = family.gates(config), ""
    if champion:
        compared, extra, version = _against_champion(predictor, test, champion)
        found |= compared
        gates += extra
    return found, judge(gates, found), version


def _domain_summary(predictor: Predictor, test: HeldOut) -> tuple[DomainSummary, pd.DataFrame]:
    """The domain's summary, and each test row's score."""
    family, domain = predictor.family, predictor.domain
    samples = [family.parse(record.payload) for record in test.records]
    scores = domain.assess(family.describe(samples))
    summary = DomainSummary(
        tokens=tuple(sorted(domain.tokens)),
        threshold=domain.threshold,
        outside_share=float(np.mean([score.is_outside for score in scores])),
        error_rank_correlation=error_rank_correlation(
            family.targets, scores, np.abs(test.mean - test.truth)
        ),
    )
    columns = {
        "domain_score": [score.score for score in scores],
        "out_of_domain": [score.is_outside for score in scores],
    }
    return summary, pd.DataFrame(columns)


def _test_rows(predictor: Predictor, test: HeldOut, scores: pd.DataFrame) -> pd.DataFrame:
    """One row a test sample and target, in physical units."""
    targets, half = predictor.family.targets, predictor.conformal.half_width(test.spread)
    physical = {
        "truth": targets_from_scale(targets, test.truth),
        "predicted": targets_from_scale(targets, test.mean),
        "lower": targets_from_scale(targets, test.mean - half),
        "upper": targets_from_scale(targets, test.mean + half),
    }
    identity = {"id": [record.id for record in test.records], "group": test.groups}
    tables = [
        pd.DataFrame(identity)
        .assign(target=target.name, **{name: values[:, i] for name, values in physical.items()})
        .join(scores)
        for i, target in enumerate(targets)
    ]
    return pd.concat(tables, ignore_index=True)


def _environment(commit: str, log: TrainingLog) -> Environment:
    return Environment(
        matops=matops.__version__,
        commit=commit,
        python=platform.python_version(),
        torch=torch.__version__,
        platform=platform.platform(),
        device=log.device,
    )


def _golden(predictor: Predictor, test: HeldOut) -> Golden:
    n = predictor.config.evaluation.golden_requests
    requests = tuple(dict(record.payload) for record in test.records[:n])
    return Golden(requests, tuple(predictor.predict(requests)))


def evaluate(
    prepared: Prepared, model: Path, champion: Path | None, commit: str, out: Path
) -> Card:
    """Measure a trained model and write candidate package, report and test predictions.

    Args:
        prepared: the samples, of which calibration and test rows are used here.
        model: directory that training wrote.
        champion: the package released now, for the comparison on the same rows.
        commit: code commit for the card.
        out: directory that gets ``package/``, ``report.html`` and ``test_predictions.csv``.

    Returns:
        The candidate's card, with the verdict.
    """
    torch.set_num_threads(prepared.config.training.cpu_threads)
    ensemble, log = read_model(model, prepared.family, prepared.config)
    calibration = _held_out(prepared, ensemble, "calibration")
    test = _held_out(prepared, ensemble, "test")
    conformal = calibrate(
        calibration.truth,
        calibration.mean,
        calibration.spread,
        calibration.groups,
        prepared.config.evaluation.coverage,
    )
    predictor = _predictor(prepared, ensemble, conformal)
    measurements, verdict, champion_version = _measure(predictor, test, champion)
    domain_summary, scores = _domain_summary(predictor, test)
    card = Card(
        schema_version=SCHEMA_VERSION,
        family=prepared.family.name,
        version="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        targets=prepared.family.targets,
        data=prepared.summary(),
        configuration=json.loads(to_json(prepared.config)),
        environment=_environment(commit, log),
        calibration=conformal,
        domain=domain_summary,
        measurements=measurements,
        verdict=verdict,
        champion=champion_version,
        files={},
    )
    out.mkdir(parents=True, exist_ok=True)
    golden = _golden(predictor, test)
    card = write_package(out / PACKAGE, card, ensemble, predictor.domain, golden)
    rows = _test_rows(predictor, test, scores)
    rows.to_csv(out / ROWS, index=False)
    report = render_report(card, rows, log, prepared.family.title, prepared.family.paper)
    (out / REPORT).write_text(report, encoding="utf-8")
    return card
