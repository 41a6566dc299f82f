"""Model packages: named by content, and refused when anything in them was touched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from matops.artifacts.jsonfile import write_json
from matops.artifacts.model import package as package_module
from matops.artifacts.model.package import (
    CARD,
    GOLDEN,
    WEIGHTS,
    load_checked,
    load_predictor,
    read_card,
    read_domain,
    read_golden,
    sha256,
)
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.card import Card

Pack = Callable[..., Card]
Edit = Callable[[dict[str, Any]], None]


def edit_card(package: Path, edit: Edit) -> None:
    content = json.loads((package / CARD).read_text())
    edit(content)
    (package / CARD).write_text(json.dumps(content))


def edit_weights(package: Path, name: str, factor: float) -> None:
    tensors = load_file(package / WEIGHTS)
    tensors[name] = tensors[name] * factor
    save_file(tensors, package / WEIGHTS)


def adapt_card(package: Path) -> None:
    """Make the card fit the files again, as somebody would who wants to hide a change."""
    card = read_card(package)
    files = {name: sha256(package / name) for name in (WEIGHTS, GOLDEN)}
    version = package_module._version(card, files[WEIGHTS])
    write_json(package / CARD, replace(card, files=files, version=version))


def refusal(package: Path, load: Callable[[Path], object] = load_predictor) -> str:
    with pytest.raises(BadInput) as caught:
        load(package)
    said = str(caught.value)
    assert "\n" not in said
    return said


def numbers(predictor: Predictor, payloads: list[Mapping[str, Any]]) -> list[tuple[float, ...]]:
    return [
        (e.lower, e.value, e.upper)
        for prediction in predictor.predict(payloads)
        for e in prediction.estimates.values()
    ]


def test_loaded_package_answers_as_the_model_that_was_packed(
    package: Path, predictor: Predictor, records: list[Record]
) -> None:
    payloads = [record.payload for record in records]
    loaded = load_checked(package)
    np.testing.assert_array_equal(numbers(loaded, payloads), numbers(predictor, payloads))
    answers, before = loaded.predict(payloads), predictor.predict(payloads)
    assert [a.domain_score for a in answers] == [b.domain_score for b in before]
    assert [a.unseen for a in answers] == [b.unseen for b in before]
    assert {a.model_version for a in answers} == {read_card(package).version}
    assert {a.dataset_version for a in answers} == {"data-1"}


def test_intervals_hold_the_value_and_units_are_physical(
    package: Path, records: list[Record]
) -> None:
    [answer] = load_predictor(package).predict([records[0].payload])
    for estimate in answer.estimates.values():
        assert 0 < estimate.lower < estimate.value < estimate.upper
        assert estimate.unit == "GPa"
    bulk, shear = (answer.estimates[name].value for name in ("K_VRH", "G_VRH"))
    young = 9 * bulk * shear / (3 * bulk + shear)
    assert answer.derived["young_modulus"].value == pytest.approx(young)
    poisson = answer.derived["poisson_ratio"]
    assert -1 <= poisson.lower < poisson.value < poisson.upper <= 0.5
    assert 0 < answer.derived["pugh_ratio"].lower < bulk / shear


def test_requests_do_not_influence_each_other(package: Path, records: list[Record]) -> None:
    payloads, loaded = [record.payload for record in records], load_predictor(package)
    together = numbers(loaded, payloads)
    alone = [pair for payload in payloads for pair in numbers(loaded, [payload])]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_element_that_training_never_saw_is_flagged(package: Path, records: list[Record]) -> None:
    payload = json.loads(json.dumps(records[0].payload))
    payload["crystal"]["species"][0] = "Hf"
    known, unknown = load_predictor(package).predict([records[0].payload, payload])
    assert known.unseen == ()
    assert unknown.unseen == ("Hf",)
    assert unknown.out_of_domain


def test_version_is_the_same_for_the_same_model_whenever_it_is_packed(
    tmp_path: Path, package: Path, pack: Pack
) -> None:
    again = pack(tmp_path / "b", created="2031-01-01T00:00:00+00:00", champion="other")
    assert again.version == read_card(package).version
    assert len(again.version) == 12
    assert again.files == read_card(package).files
    assert (tmp_path / "b" / WEIGHTS).read_bytes() == (package / WEIGHTS).read_bytes()


def test_other_weights_data_or_configuration_have_another_version(
    tmp_path: Path, package: Path, pack: Pack, predictor: Predictor, card: Card
) -> None:
    old = predictor.ensemble
    made = [
        read_card(package),
        pack(tmp_path / "w", Ensemble(old.networks, old.centre + 1e-6, old.scale)),
        pack(tmp_path / "d", data=replace(card.data, version="data-2")),
        pack(tmp_path / "c", configuration={**card.configuration, "more": 1}),
    ]
    assert len({card.version for card in made}) == 4


def test_existing_package_is_never_written_over(package: Path, pack: Pack) -> None:
    with pytest.raises(FileExistsError):
        pack(package)


def test_golden_answers_carry_the_version_of_the_package(package: Path) -> None:
    versions = {answer.model_version for answer in read_golden(package).answers}
    assert versions == {read_card(package).version}


def test_a_package_whose_card_is_of_schema_2_still_loads(package: Path) -> None:
    edit_card(package, lambda card: card.pop("since_champion"))
    edit_card(package, lambda card: card.update(schema_version=2))
    load_checked(package)
    assert read_card(package).since_champion is None


@pytest.mark.parametrize("name", [WEIGHTS, GOLDEN])
def test_one_flipped_bit_is_refused_and_its_file_named(package: Path, name: str) -> None:
    content = bytearray((package / name).read_bytes())
    content[-3] ^= 1
    (package / name).write_bytes(content)
    assert refusal(package) == f"{package / name}: its SHA-256 is not the one on the card"


@pytest.mark.parametrize("name", [WEIGHTS, GOLDEN, CARD])
def test_missing_file_is_refused_by_name(package: Path, name: str) -> None:
    (package / name).unlink()
    assert f"{package / name}: no such file" in refusal(package)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda card: card.update(note="trust me"), "note"),
        (lambda card: card.pop("verdict"), "verdict"),
        (lambda card: card["verdict"].update(accepted="yes"), "verdict.accepted"),
        (lambda card: card.update(schema_version="1"), "schema_version"),
        (lambda card: card.update(family="alchemy"), "no family is called 'alchemy'"),
        (lambda card: card["files"].pop(GOLDEN), "files"),
        (lambda card: card["files"].update({"../x": "00"}), "files"),
        (lambda card: card.update(version="000000000000"), "version"),
        (lambda card: card["data"].update(version="data-9"), "version"),
        (lambda card: card["configuration"]["graph"].update(neighbours=3), "version"),
    ],
)
def test_touched_card_is_refused_with_what_is_wrong(package: Path, edit: Edit, said: str) -> None:
    edit_card(package, edit)
    assert said in refusal(package)


def test_card_that_is_cut_short_is_refused(package: Path) -> None:
    text = (package / CARD).read_text()
    (package / CARD).write_text(text[: len(text) // 2])
    assert str(package / CARD) in refusal(package)


@pytest.mark.parametrize(
    "name", ["member1/output.weight", "targets/centre", "domain/centre", "domain/reference"]
)
def test_golden_requests_reveal_changed_weights_even_when_the_card_was_adapted(
    package: Path, name: str
) -> None:
    edit_weights(package, name, 1.01)
    assert "SHA-256" in refusal(package, load_checked)
    adapt_card(package)
    load_predictor(package)
    assert "answers differ from the stored ones" in refusal(package, load_checked)


@pytest.mark.parametrize("narrowed", [0, 3], ids=["a target's", "a derived quantity's"])
def test_golden_requests_reveal_intervals_that_were_narrowed_on_the_card(
    package: Path, narrowed: int
) -> None:
    edit_card(package, lambda card: card["calibration"]["quantile"].__setitem__(narrowed, [0.2]))
    load_predictor(package)
    assert "answers differ" in refusal(package, load_checked)


def test_package_without_golden_requests_is_not_served(package: Path) -> None:
    (package / GOLDEN).write_text('{"requests": [], "answers": []}')
    adapt_card(package)
    assert "request" in refusal(package, load_checked)


def test_weights_that_turned_into_nan_do_not_pass(package: Path) -> None:
    edit_weights(package, "targets/scale", float("nan"))
    adapt_card(package)
    assert "answers differ" in refusal(package, load_checked)


@pytest.mark.parametrize("name", ["member0/embedding.weight", "domain/scale", "targets/scale"])
def test_package_without_one_of_its_tensors_is_refused(package: Path, name: str) -> None:
    tensors = load_file(package / WEIGHTS)
    del tensors[name]
    save_file(tensors, package / WEIGHTS)
    adapt_card(package)
    assert str(package / WEIGHTS) in refusal(package)


def test_weights_of_another_shape_are_refused(package: Path) -> None:
    tensors = load_file(package / WEIGHTS)
    tensors["member0/output.weight"] = torch.zeros(2, 99)
    save_file(tensors, package / WEIGHTS)
    adapt_card(package)
    assert str(package / WEIGHTS) in refusal(package)


def test_what_is_no_safetensors_file_is_never_unpickled(package: Path) -> None:
    torch.save({"member0/output.weight": torch.zeros(2)}, package / WEIGHTS)
    adapt_card(package)
    assert str(package / WEIGHTS) in refusal(package)


def test_card_of_an_older_schema_that_no_longer_fits_says_to_train_again(package: Path) -> None:
    edit_card(package, lambda card: card["calibration"].update(quantile=[0.2, 3.0]))
    edit_card(package, lambda card: card.update(schema_version=3))
    expected = f"{package / CARD}: schema 3 of an older matops: train the model again"
    assert refusal(package, read_card) == expected


def test_card_that_promises_nothing_for_what_is_derived_says_to_train_again(package: Path) -> None:
    edit_card(package, lambda card: card.pop("derived"))
    edit_card(package, lambda card: card.update(schema_version=5))
    expected = f"{package / CARD}: schema 5 of an older matops: train the model again"
    assert refusal(package, read_card) == expected


def test_package_with_the_domain_of_an_older_version_says_to_train_again(package: Path) -> None:
    tensors = load_file(package / WEIGHTS)
    older = {name: t for name, t in tensors.items() if not re.match(r"domain/\d", name)}
    save_file(older, package / WEIGHTS)
    adapt_card(package)
    for load in (load_predictor, read_domain):
        assert refusal(package, load).endswith("older matops: train the model again")
