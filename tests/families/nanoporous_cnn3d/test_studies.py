"""The family's studies: every variant is a configuration, and one runs from end to end."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.configuration import resolve_config
from matops.core.exploring.study import Study, Variant
from matops.families import get_family
from matops.families.nanoporous_cnn3d.config import NanoporousConfig, NetworkKind
from matops.families.nanoporous_cnn3d.studies import (
    DESCRIPTORS,
    MODELS,
    PREPARED,
    RESOLUTION,
    SCRATCH,
    STUDIES,
    TRAINING_SIZE,
    TRANSFER,
)
from matops.steps.exploring.study import run_study
from matops.steps.learning.cross_validation import Workplace
from matops.steps.learning.fold_plan import Case, Folds
from matops.steps.learning.samples import gather_samples

FAMILY = get_family("nanoporous_cnn3d")


def resolved(study: Study, variant: Variant) -> NanoporousConfig:
    config = resolve_config(FAMILY, study.preset, variant.changes)
    assert isinstance(config, NanoporousConfig)
    return config


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_variant_is_a_configuration_and_no_two_are_the_same(study: Study) -> None:
    said = [(resolved(study, v), v.train_groups, v.transfer) for v in study.variants]
    assert len(set(said)) == len(said)
    assert len({variant.label for variant in study.variants}) == len(said) > 1
    assert study.question.endswith("?")


def test_studies_have_names_of_their_own() -> None:
    assert len({study.name for study in STUDIES}) == len(STUDIES)
    assert FAMILY.studies == STUDIES


def test_models_are_all_networks_that_there_are() -> None:
    kinds = [resolved(MODELS, variant).network.kind for variant in MODELS.variants]
    assert set(kinds) == set(get_args(NetworkKind))


def test_what_starts_from_a_package_has_its_body_and_grid() -> None:
    """A start of the preset ``continuum`` fits only the same body on the same grid."""
    cheap = FAMILY.preset("continuum")
    assert isinstance(cheap, NanoporousConfig)
    starting = [(study, v) for study in STUDIES for v in study.variants if v.transfer]
    assert starting
    for config in (resolved(*pair) for pair in starting):
        assert config.network == cheap.network
        assert replace(config.grid, descriptors="none") == cheap.grid


@pytest.mark.parametrize("study", [RESOLUTION, TRAINING_SIZE])
def test_what_is_plotted_is_what_is_varied(study: Study) -> None:
    for variant in study.variants:
        varied = variant.train_groups or resolved(study, variant).grid.density_voxels
        assert variant.x == varied
        assert str(varied) in variant.label


def test_transfer_has_a_line_with_a_start_and_one_without_at_the_same_sizes() -> None:
    lines = {
        series: [v for v in TRANSFER.variants if v.series == series]
        for series in (PREPARED, SCRATCH)
    }
    assert [v.train_groups for v in lines[PREPARED]] == [v.train_groups for v in lines[SCRATCH]]
    assert all(v.transfer for v in lines[PREPARED])
    assert not any(v.transfer for v in lines[SCRATCH])


def test_descriptors_are_each_choice_once() -> None:
    assert [resolved(DESCRIPTORS, v).grid.descriptors for v in DESCRIPTORS.variants] == [
        "none",
        "morphology",
        "physical",
        "all",
    ]


@pytest.fixture
def tiny() -> dict[str, Any]:
    return {
        "training.epochs": 2,
        "training.batch_size": 4,
        "training.members": 1,
        "training.device": "cpu",
        "grid.voxels": 16,
        "grid.density_voxels": 8,
        "network.widths": [4, 4],
        "network.blocks": [0, 1],
    }


def test_a_study_runs_from_records_to_table_and_plot(
    campaign: Any, tiny: dict[str, Any], tmp_path: Path
) -> None:
    samples, refused = gather_samples(FAMILY, iter(campaign.items))
    study = Study(
        "small",
        "Which network?",
        (
            Variant("compact", tiny),
            Variant("fewer", tiny, train_groups=4),
            Variant(
                "descriptors",
                {**tiny, "network.kind": "descriptors", "grid.descriptors": "morphology"},
            ),
        ),
    )
    cases = [Case(v, resolved(study, v)) for v in study.variants]
    place = Workplace(tmp_path / "cache", tmp_path / "trainings", 1, lambda _: lambda *_: None)
    results, files = run_study(study, samples, cases, Folds(2, 0), place, tmp_path)

    assert not refused
    assert [result.train_groups for result in results] == [6, 4, 6]
    assert results[2].weights < results[0].weights == results[1].weights
    for result in results:
        assert set(result.errors) == {"C_11", "C_22", "C_33", "all"}
        for metric in ("mae", "rmse", "r2"):
            assert np.isfinite([errors[metric].value for errors in result.errors.values()]).all()
        assert result.errors["C_11"]["mae"].unit == "GPa"
        assert result.errors["C_11"]["mae"].rows == campaign.config.count
    table = pd.read_csv(files.csv)
    assert table["variant"].tolist() == [v.label for v in study.variants for _ in range(4)]
    assert "12 samples in 12 groups; 2 folds of whole groups" in files.markdown.read_text()
    assert files.plot.read_bytes().startswith(b"\x89PNG")
