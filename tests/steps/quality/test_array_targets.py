"""A family with arrays goes the whole way: data, training, verdict, page and package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from matops.artifacts.model.package import (
    golden_difference,
    load_checked,
    read_card,
    read_golden,
)
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.predictor import Predictor
from tests.support.trapped_atoms import (
    CHARGE,
    FAMILY,
    STIFFNESS,
    installed,
    run_all_steps,
    trapped_records,
    true_values,
)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root, threads = tmp_path_factory.mktemp("traps"), torch.get_num_threads()
    with installed(root / "site"):
        yield run_all_steps(root, trapped_records(120))
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def predictor(evaluation: Path) -> Predictor:
    """Loaded as a server loads it: it has answered its golden requests."""
    return load_checked(evaluation / "package")


def test_the_model_is_accepted_and_has_learnt_the_law(evaluation: Path) -> None:
    card = read_card(evaluation / "package")
    assert card.verdict.accepted, card.verdict.failures
    assert card.targets == FAMILY.targets
    test = [card.measurements[f"{name}.mae"] for name in ("energy", "dipole", "forces")]
    assert test[1].rows == 3 * test[0].rows
    assert test[2].rows is not None
    assert test[2].rows > test[1].rows
    # Labels have an error of 0.05 each.
    assert all(measured.value < 0.1 for measured in test)
    assert len(card.calibration.quantile) == len(FAMILY.targets) + len(FAMILY.derived)


def test_arrays_are_answered_in_their_shape_and_are_right(predictor: Predictor) -> None:
    positions = np.array([[0.3, -1.0, 0.5], [1.2, 0.1, 0.0]])
    one = {"positions_A": positions[:1].tolist()}
    answers = predictor.predict([{"positions_A": positions.tolist()}, one])
    for answer, where in zip(answers, (positions, positions[:1]), strict=True):
        for name, true in true_values(where).items():
            estimate = answer.estimates[name]
            np.testing.assert_allclose(estimate.value, true, atol=0.1)
            if answer.out_of_domain:
                assert estimate.lower is estimate.upper is answer.coverage is None
                continue
            assert np.shape(estimate.lower) == np.shape(estimate.upper) == np.shape(true)
            assert (np.subtract(estimate.upper, estimate.lower) > 0).all()
    assert isinstance(answers[0].estimates["energy"].value, float)
    largest = np.abs(answers[0].estimates["forces"].value).max()
    assert answers[0].derived["largest_force"].value == pytest.approx(largest)


def test_forces_turn_with_the_sample(predictor: Predictor) -> None:
    """And energy does not: E(Rx) = E(x), F(Rx) = R F(x)."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    positions = np.random.default_rng(1).normal(size=(4, 3))
    still, turned = predictor.predict(
        [{"positions_A": where.tolist()} for where in (positions, positions @ turn.T)]
    )
    for name in ("dipole", "forces"):
        expected = np.array(still.estimates[name].value) @ turn.T
        np.testing.assert_allclose(turned.estimates[name].value, expected, atol=1e-5)
    assert turned.estimates["energy"].value == pytest.approx(still.estimates["energy"].value)


def test_one_displaced_atom_says_stiffness_and_charge(predictor: Predictor) -> None:
    [answer] = predictor.predict([{"positions_A": [[1.0, 0.0, 0.0]]}])
    assert answer.estimates["forces"].value[0][0] == pytest.approx(-STIFFNESS, abs=0.05)
    assert answer.estimates["dipole"].value[0] == pytest.approx(CHARGE, abs=0.05)


def test_table_has_a_line_for_each_number_and_the_page_the_worst(evaluation: Path) -> None:
    rows = pd.read_csv(evaluation / "test_predictions.csv")
    atoms = rows[rows["target"] == "forces"]
    first = atoms[atoms["id"] == atoms["id"].iloc[0]]["component"].tolist()
    assert first[:3] == ["0 x", "0 y", "0 z"]
    assert len(first) % 3 == 0
    assert rows[rows["target"] == "dipole"]["component"].tolist()[:4] == ["x", "y", "z", "x"]
    assert rows[rows["target"] == "energy"]["component"].isna().all()
    page = (evaluation / "report.html").read_text()
    worst = atoms.assign(error=(atoms["predicted"] - atoms["truth"]).abs()).nlargest(1, "error")
    assert f"<code>{worst['id'].iloc[0]}</code></a> {worst['component'].iloc[0]}" in page


def test_golden_requests_see_a_change_of_any_component(evaluation: Path) -> None:
    golden = read_golden(evaluation / "package")
    first = golden.answers[0]
    forces = first.estimates["forces"]

    def difference(value: object) -> float:
        changed = replace(
            first, estimates={**first.estimates, "forces": replace(forces, value=value)}
        )
        return golden_difference(golden, [changed, *golden.answers[1:]])

    assert difference(forces.value) == 0
    largest = np.abs(forces.value).max()
    other = np.array(forces.value)
    other[-1, -1] += 0.01 * largest
    assert difference(other.tolist()) == pytest.approx(0.01)
    assert difference([*forces.value, [0.0, 0.0, 0.0]]) == np.inf


def test_a_package_whose_answers_have_changed_is_not_loaded(
    evaluation: Path, tmp_path: Path
) -> None:
    package = evaluation / "package"
    golden = json.loads((package / "golden.json").read_text())
    golden["answers"][0]["estimates"]["forces"]["value"][0][0] = "much"
    (tmp_path / "golden.json").write_text(json.dumps(golden))
    with pytest.raises(BadInput, match=r"golden\.json: answers\.0\.estimates\.forces"):
        read_golden(tmp_path)


def test_an_old_card_has_scalars(evaluation: Path, tmp_path: Path) -> None:
    card = json.loads((evaluation / "package" / "card.json").read_text())
    for target in card["targets"]:
        del target["axis"], target["shape"]
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert all(target.is_scalar for target in read_card(tmp_path).targets)


def test_labels_for_other_atoms_than_the_samples_are_refused(tmp_path: Path) -> None:
    records = trapped_records(40)
    forces = [*records[7].targets["forces"], [0.0, 0.0, 0.0]]
    wrong = Record(**{**vars(records[7]), "targets": {**records[7].targets, "forces": forces}})
    with pytest.raises(BadInput, match=r"^trap 7: forces has 3 rows, but the sample has 2 "):
        run_all_steps(tmp_path, [*records[:7], wrong, *records[8:]])
