"""Evaluate: calibrate, measure on rows that trained nothing, judge, make a candidate package."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from matops.artifacts.data.doubtful import find_doubtful
from matops.artifacts.data.prepared import Prepared
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.evaluation import PACKAGE, PARITY, REPORT, ROWS
from matops.artifacts.model.model import TrainingLog, read_model
from matops.artifacts.model.package import Golden, load_predictor, write_package
from matops.core.data.record import Payload
from matops.core.family import Explains, Family, IsPictured
from matops.core.learning.corrections import Choice
from matops.core.learning.training import Ensemble
from matops.core.learning.transfer import Ancestor
from matops.core.predictor import Predictor
from matops.core.quality.card import SCHEMA_VERSION, Card, DataChange, DomainSummary, Environment
from matops.core.quality.domain import Descriptors, fit_domain
from matops.core.quality.gate import Gate, Measurement, Verdict, champion_gates, judge
from matops.core.quality.picture import View
from matops.core.quality.uncertainty import calibrate
from matops.steps.quality import measure
from matops.steps.quality.held_out import HeldOut, held_out, test_table


@dataclass(frozen=True)
class Measured:
    """What was measured, and what follows from it."""

    measurements: dict[str, Measurement]
    verdict: Verdict
    champion: str


def _describe(prepared: Prepared, rows: torch.Tensor) -> Descriptors:
    family = prepared.family
    samples = [family.parse(prepared.records[i].payload) for i in rows.tolist()]
    return family.describe(samples, prepared.features.take(rows))


def _predictor(prepared: Prepared, ensemble: Ensemble) -> Predictor:
    """The trained ensemble with its calibration and its domain."""
    family, config = prepared.family, prepared.config
    train = prepared.rows("train")
    domain = fit_domain(_describe(prepared, train), prepared.groups[train.numpy()].tolist())
    rows, coverage = held_out(prepared, ensemble, "calibration"), config.evaluation.coverage
    conformal = calibrate(rows.truth, rows.mean, rows.spread, rows.groups, coverage)
    version = prepared.version
    return Predictor(family, config, ensemble, conformal, domain, "candidate", version)


def _against_champion(
    predictor: Predictor, test: HeldOut, champion: Path
) -> tuple[dict[str, Measurement], tuple[Gate, ...], str]:
    family, rival = predictor.family, load_predictor(champion)
    answers = rival.means([record.payload for record in test.records])
    measured = measure.measure_against_champion(test.truth, test.mean, answers, test.groups)
    tolerance = predictor.config.evaluation.champion_tolerance
    gates = champion_gates(family.targets, tolerance, rival.model_version)
    return measured, gates, rival.model_version


def measure_model(predictor: Predictor, test: HeldOut, champion: Path | None) -> Measured:
    """All measurements, and the verdict on them."""
    family, config = predictor.family, predictor.config
    payloads = [record.payload for record in test.records]
    measured = measure.measure_errors(test, predictor.conformal)
    some = payloads[: config.evaluation.physics_samples]
    measured |= family.measure_physics(predictor.scaled, some, config)
    measured |= measure.measure_latency(predictor, payloads[: config.evaluation.latency_requests])
    gates, version = family.gates(config), ""
    if champion:
        compared, extra, version = _against_champion(predictor, test, champion)
        measured |= compared
        gates += extra
    return Measured(measured, judge(gates, measured), version)


def _domain_summary(predictor: Predictor, test: HeldOut) -> DomainSummary:
    return DomainSummary(
        tokens=tuple(sorted(predictor.domain.tokens)),
        threshold=predictor.domain.threshold,
        outside_share=float(np.mean([score.is_outside for score in test.scores])),
        error_rank_correlation=measure.error_rank_correlation(test),
    )


def _environment(commit: str, log: TrainingLog) -> Environment:
    return Environment(
        matops=version("matops"),
        commit=commit,
        python=platform.python_version(),
        torch=torch.__version__,
        platform=platform.platform(),
        device=log.device,
    )


def _card(
    prepared: Prepared,
    predictor: Predictor,
    measured: Measured,
    domain: DomainSummary,
    environment: Environment,
    lineage: tuple[Ancestor, ...],
    choice: Choice | None,
    since_champion: DataChange | None,
) -> Card:
    """The card, whose version and file hashes come with the package."""
    family, config = predictor.family, predictor.config
    explained = family.explain(predictor.ensemble, config) if isinstance(family, Explains) else {}
    if choice:
        explained = {"How it learnt on from its start": choice.words, **explained}
    return Card(
        schema_version=SCHEMA_VERSION,
        family=family.name,
        version="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        targets=family.targets,
        derived=family.derived,
        data=prepared.summary(),
        configuration=json.loads(to_json(config)),
        environment=environment,
        calibration=predictor.conformal,
        domain=domain,
        measurements=measured.measurements,
        verdict=measured.verdict,
        champion=measured.champion,
        since_champion=since_champion,
        explanations=dict(explained),
        lineage=lineage,
        files={},
    )


def _golden(predictor: Predictor, test: HeldOut) -> Golden:
    n = predictor.config.evaluation.golden_requests
    requests = tuple(dict(record.payload) for record in test.records[:n])
    return Golden(requests, tuple(predictor.predict(requests)))


def evaluate(
    prepared: Prepared,
    model: Path,
    champion: Path | None,
    commit: str,
    out: Path,
    since_champion: DataChange | None = None,
    quarantine: Path | None = None,
) -> Card:
    """Measure a trained model and write candidate package, report and test predictions.

    ``out`` gets ``package/``, ``report.html``, ``parity.html`` and ``test_predictions.csv``. The
    champion is compared on the same rows. The report counts the refusals of ``quarantine``.

    Returns:
        The candidate's card, with the verdict.
    """
    torch.set_num_threads(prepared.config.training.cpu_threads)
    ensemble, log = read_model(model, prepared.family, prepared.config)
    predictor = _predictor(prepared, ensemble)
    scores = predictor.domain.assess(_describe(prepared, prepared.rows("test")))
    test = replace(held_out(prepared, ensemble, "test"), scores=scores)
    measured = measure_model(predictor, test, champion)
    summary = _domain_summary(predictor, test)
    environment = _environment(commit, log)
    learnt = log.lineage, log.choice
    card = _card(prepared, predictor, measured, summary, environment, *learnt, since_champion)
    by_part = measure.coverage_by_part(test, predictor.conformal)
    card = replace(card, coverage_by_part=by_part)
    out.mkdir(parents=True, exist_ok=True)
    golden = _golden(predictor, test)
    card = write_package(out / PACKAGE, card, ensemble, predictor.domain, golden)
    rows = test_table(predictor.conformal, test)
    rows.to_csv(out / ROWS, index=False)
    _write_pages(out, prepared, card, rows, log, quarantine)
    return card


def _pictures(family: Family) -> Callable[[Payload], Sequence[View]]:
    if not isinstance(family, IsPictured):
        return lambda payload: ()
    return lambda payload: family.picture(family.parse(payload))


def _write_pages(
    out: Path,
    prepared: Prepared,
    card: Card,
    rows: pd.DataFrame,
    log: TrainingLog,
    quarantine: Path | None,
) -> None:
    # What draws is slow to import, and steps that train, release or say why draw nothing.
    from matops.artifacts.pages.parity import render_parity
    from matops.artifacts.pages.report import render_report

    family, records = prepared.family, prepared.records
    title, paper = family.title, family.paper
    doubtful = find_doubtful(records, family.doubt, quarantine)
    pictures = _pictures(family)
    report = render_report(card, rows, log, title, paper, records, pictures, doubtful)
    (out / REPORT).write_text(report, encoding="utf-8")
    (out / PARITY).write_text(render_parity(card, rows, title), encoding="utf-8")
