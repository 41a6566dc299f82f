"""A study: cross-validate every variant, measure it on what it had not seen, leave a result."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matops.artifacts.model.package import read_card
from matops.artifacts.pages.study_page import StudyFiles, write_study
from matops.core.data.tables import Tables
from matops.core.exploring.study import POOLED, Study, VariantResult
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import physical_errors, target_errors
from matops.steps.learning.cross_validation import HeldOutAnswers, Workplace, cross_validate
from matops.steps.learning.fold_plan import Case, Folds
from matops.steps.learning.samples import Samples


def measure_variant(samples: Samples, answers: HeldOutAnswers) -> dict[str, dict[str, Measurement]]:
    """Errors of the ensemble's mean, by target and metric; ``all`` pools scalars of one unit.

    Every draw of the training groups counts as a sample of its own, of the same group.
    """
    targets, mean = samples.family.targets, answers.predicted.each(lambda table: table.mean(1))
    rows = _answered(mean)
    mean, truth = mean.take(rows), samples.scaled.take(rows)
    _, group_of = np.unique(samples.groups[rows], return_inverse=True)
    errors, columns = {}, []
    for target in targets:
        predicted = mean.numbers(target)
        draws = len(predicted)
        scaled, predicted = np.tile(truth.numbers(target), draws), predicted.ravel()
        groups = np.tile(group_of[truth.sample_of(target)], draws)
        of_both = target.from_scale(scaled)[:, None], target.from_scale(predicted)[:, None]
        errors[target.name] = physical_errors(target.unit, *of_both, groups)
        on_scale = target_errors(target, scaled, predicted, groups)
        errors[target.name]["mae_scaled"] = on_scale[f"{target.name}.mae"]
        columns.append(of_both)
    alike = len({target.unit for target in targets}) == 1 and all(t.is_scalar for t in targets)
    if len(targets) > 1 and alike:
        truths, answered = (np.concatenate(each, axis=1) for each in zip(*columns, strict=True))
        errors[POOLED] = physical_errors(targets[0].unit, truths, answered, groups)
    return errors


def _answered(mean: Tables) -> NDArray[np.int64]:
    """Samples with finite answers to all targets in all draws."""
    open_numbers = [~np.isfinite(mean.numbers(t)).all(axis=0) for t in mean.targets]
    pairs = zip(mean.targets, open_numbers, strict=True)
    missing = np.concatenate([mean.sample_of(target)[is_open] for target, is_open in pairs])
    return np.setdiff1d(np.arange(len(mean)), missing)


def _result(samples: Samples, case: Case, answers: HeldOutAnswers) -> VariantResult:
    return VariantResult(
        variant=case.variant,
        errors=measure_variant(samples, answers),
        train_groups=answers.train_groups,
        draws=case.draws,
        members=case.config.training.members,
        weights=answers.weights,
        seconds_per_member=answers.seconds_per_member,
        seconds_per_epoch=answers.seconds_per_epoch,
    )


def study_setting(samples: Samples, cases: Sequence[Case], folds: Folds) -> str:
    """One paragraph on data, folds and starts."""
    groups = len(np.unique(samples.groups))
    starts = sorted({read_card(case.start).version for case in cases if case.start})
    setting = (
        f"{samples.family.name}: {len(samples.records):,} samples in {groups:,} groups; "
        f"{folds.count} folds of whole groups, seed {folds.seed}."
    )
    if folds.own:
        setting += (
            f" The folds are those of {folds.own.file}, SHA-256 {folds.own.fingerprint[:12]}."
        )
    if len(folds.held_out) < folds.count:
        setting += f" Only the first {len(folds.held_out)} are held out and measured."
    return f"{setting} Transfer starts from package {', '.join(starts)}." if starts else setting


def run_study(
    study: Study,
    samples: Samples,
    cases: Sequence[Case],
    folds: Folds,
    workplace: Workplace,
    out: Path,
) -> tuple[list[VariantResult], StudyFiles]:
    """Cross-validate the cases of a study, and write its table and plot to ``out``.

    An interrupted study continues in ``workplace``, which keeps trainings and features.

    Raises:
        BadInput: folds or training groups can't be had from these samples.
    """
    answers = cross_validate(samples, cases, folds, workplace)
    results = [_result(samples, *pair) for pair in zip(cases, answers, strict=True)]
    return results, write_study(out, study, study_setting(samples, cases, folds), results)
