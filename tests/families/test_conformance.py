"""What the platform asks of every family: the same checks for each, found by looking."""

import json
import platform
from collections.abc import Sequence
from dataclasses import is_dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from matops.artifacts.data.dataset import read_records, write_part
from matops.artifacts.jsonfile import from_json, read_json, to_json, write_json
from matops.artifacts.model.checkpoint import decode_checkpoint, encode_checkpoint
from matops.artifacts.model.package import (
    Golden,
    golden_difference,
    load_checked,
    write_package,
)
from matops.core.data.record import Provenance, make_record
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig, Simulates, TakesFromDatabases
from matops.core.learning.checkpoint import Checkpoint, TrainingStopped
from matops.core.learning.features import PackedFeatures
from matops.core.learning.scaling import standardise
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.card import SCHEMA_VERSION, Card, DataSummary, DomainSummary, Environment
from matops.core.quality.domain import fit_domain
from matops.core.quality.gate import Verdict, judge
from matops.core.quality.uncertainty import Conformal
from matops.entrypoints.configuration import resolve_config
from matops.families import family_names, get_family
from tests.support.tables import scalars

ROWS = 6
ONE = torch.arange(1)


@pytest.fixture(params=family_names(), scope="module")
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn."""
    return get_family(request.param)


@pytest.fixture(scope="module")
def example(family: Family, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Payload of the family's example file."""
    path = family.write_example(tmp_path_factory.mktemp("example"))
    return dict(family.load_request(path))


@pytest.fixture(scope="module")
def payloads(family: Family, example: dict[str, Any]) -> list[dict[str, Any]]:
    """The example, and those documented payloads that are whole samples."""
    found = [example]
    for form in family.payload_forms:
        try:
            family.parse({form.key: form.example})
        except BadInput:
            continue
        found.append({form.key: form.example})
    return found


@pytest.fixture(scope="module")
def config(family: Family) -> FamilyConfig:
    """The demo preset with a training that takes no time."""
    demo = family.preset("demo")
    return replace(demo, training=replace(demo.training, members=2, epochs=2, device="cpu"))


@pytest.fixture(scope="module")
def ensemble(family: Family, config: FamilyConfig, payloads: list[dict[str, Any]]) -> Ensemble:
    """A tiny ensemble, trained on the example over and over with made-up labels."""
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    features = family.featurize(samples, config)
    spread = np.random.default_rng(0).normal(size=(ROWS, len(family.targets)))
    scaled = typical_scaled(family) + 0.1 * spread
    labels = scalars(scaled, family.targets)
    scaling = standardise(labels)
    standard = scaling.standard(labels)
    fitted = [family.fit_member(features, standard, config, i) for i in range(2)]
    for _, log in fitted:
        assert [entry.epoch for entry in log] == [0, 1]
    return Ensemble([network for network, _ in fitted], scaling.centre, scaling.scale)


def typical(family: Family) -> dict[str, float]:
    """A physical value of each target."""
    found = {}
    for target in family.targets:
        low = 0.0 if target.lower is None else target.lower
        high = low + 10.0 if target.upper is None else target.upper
        found[target.name] = low + (high - low) / 7
    return found


def typical_scaled(family: Family) -> NDArray[np.float64]:
    values = typical(family)
    return np.array([float(t.to_scale(np.float64(values[t.name]))) for t in family.targets])


def seasoned(family: Family, config: FamilyConfig, features: PackedFeatures) -> nn.Module:
    """A network whose running statistics are not those of a fresh one, in evaluation mode."""
    torch.manual_seed(0)
    network = family.network(config).train()
    with torch.no_grad():
        for _ in range(3):
            network(features.batch(torch.arange(len(features))))
    return network.eval()


def answer(network: nn.Module, features: PackedFeatures) -> NDArray[np.float64]:
    with torch.no_grad():
        return network(features.batch(torch.arange(len(features)))).double().numpy()


def folder(family: Family) -> Path:
    return Path(str(import_module(f"matops.families.{family.name}").__file__)).parent


def test_name_is_the_folder_and_words_are_there(family: Family) -> None:
    assert folder(family).name == family.name
    assert family.title
    assert any(character.isdigit() for character in family.paper)


@pytest.mark.parametrize("file", ["__init__", "config", "data", "model", "gates"])
def test_folder_has_the_files_that_people_look_for(family: Family, file: str) -> None:
    assert (folder(family) / f"{file}.py").is_file()


@pytest.mark.parametrize("section", ["source", "equations", "units", "limits"])
def test_readme_has_the_section(family: Family, section: str) -> None:
    lines = (folder(family) / "README.md").read_text().splitlines()
    headings = [line.lower() for line in lines if line.startswith("#")]
    assert any(section in heading for heading in headings)


def test_readme_names_the_paper_and_every_target_with_its_unit(family: Family) -> None:
    text = (folder(family) / "README.md").read_text()
    authors = family.paper.split(",")[0].replace(" and ", " ").split()
    assert [name for name in authors if name not in text] == []
    for target in family.targets:
        assert target.name in text
        assert target.unit in text


def test_targets_have_unit_description_and_consistent_bounds(family: Family) -> None:
    assert family.targets
    assert len({target.name for target in family.targets}) == len(family.targets)
    for target in family.targets:
        assert target.unit
        assert len(target.description.split()) > 1
        if target.lower is not None and target.upper is not None:
            assert target.lower < target.upper
        value = np.float64(typical(family)[target.name])
        assert target.is_physical(value)
        assert float(target.from_scale(target.to_scale(value))) == pytest.approx(float(value))
        for bound in (target.lower, target.upper):
            assert bound is None or not target.is_physical(np.float64(bound))


@pytest.mark.parametrize("preset", ["demo", "full"])
def test_preset_is_frozen_and_survives_json(family: Family, preset: str, tmp_path: Path) -> None:
    config = family.preset(preset)
    assert is_dataclass(config)
    assert isinstance(config, family.config_type)
    with pytest.raises(AttributeError):
        config.training = None  # type: ignore[misc, assignment]
    assert from_json(to_json(config), family.config_type, preset) == config
    write_json(tmp_path / "config.json", config)
    assert read_json(tmp_path / "config.json", family.config_type) == config
    assert resolve_config(family, preset, {}) == config


def test_changed_field_is_taken_and_unknown_or_unfit_ones_are_refused(family: Family) -> None:
    changed = resolve_config(family, "demo", {"training.epochs": 7})
    assert changed.training.epochs == 7
    assert replace(changed, training=family.preset("demo").training) == family.preset("demo")
    for changes in ({"training.epoch": 7}, {"training.epochs": "many"}, {"nothing": 1}):
        with pytest.raises(BadInput):
            resolve_config(family, "demo", changes)
    with pytest.raises(BadInput, match="demo"):
        resolve_config(family, "nosuch", {})


def test_example_goes_through_the_network(
    family: Family, example: dict[str, Any], config: FamilyConfig
) -> None:
    features = family.featurize([family.parse(example)], config)
    output = answer(family.network(config).eval(), features)
    assert output.shape == (1, len(family.targets))
    assert np.isfinite(output).all()


def test_payload_forms_are_documented_and_the_example_uses_one(
    family: Family, payloads: list[dict[str, Any]]
) -> None:
    keys = [form.key for form in family.payload_forms]
    assert len(set(keys)) == len(keys) > 0
    assert all(form.description and form.example for form in family.payload_forms)
    assert set(payloads[0]) & set(keys)
    assert len(payloads) > 1, "no documented payload is a whole sample"


GARBAGE: tuple[Any, ...] = ({}, [], None, 3, "text", {"": ""}, {"nothing": {}}, [{}])
CONTENTS: tuple[Any, ...] = (None, 3, -1.5, "", "garbage", "\0", [], [[]], {}, {"a": [None]}, True)


def test_garbage_is_bad_input_in_one_line(family: Family) -> None:
    contents = [{form.key: content} for form in family.payload_forms for content in CONTENTS]
    for payload in (*GARBAGE, *contents):
        with pytest.raises(BadInput) as caught:
            family.parse(payload)
        assert len(str(caught.value).splitlines()) == 1


def test_unreadable_request_file_is_bad_input_with_its_name(family: Family, tmp_path: Path) -> None:
    unknown = tmp_path / "sample.unknown"
    unknown.write_text("garbage")
    for path in (tmp_path / "missing.json", unknown, tmp_path):
        with pytest.raises(BadInput, match=path.name):
            family.load_request(path)


def test_unknown_source_is_bad_input_with_its_name(family: Family, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("garbage")
    for path in (tmp_path / "missing", tmp_path / "notes.txt"):
        with pytest.raises(BadInput, match=path.name):
            list(family.read(path, Provenance("", "")))


def test_batch_is_answered_like_each_sample_alone(
    family: Family, payloads: list[dict[str, Any]], config: FamilyConfig
) -> None:
    samples = [family.parse(payload) for payload in (*payloads, *payloads[::-1])]
    together = family.featurize(samples, config)
    network = seasoned(family, config, together)
    alone = [answer(network, family.featurize([sample], config)) for sample in samples]
    assert answer(network, together) == pytest.approx(np.concatenate(alone), abs=1e-4)


def test_packing_survives_a_flat_file(
    family: Family, payloads: list[dict[str, Any]], config: FamilyConfig
) -> None:
    features = family.featurize([family.parse(payload) for payload in payloads], config)
    assert len(features) == len(payloads)
    assert dict(features.pointers) == dict(family.pointers)
    again = PackedFeatures.from_flat(features.flat(), family.pointers)
    network = seasoned(family, config, features)
    assert np.array_equal(answer(network, again), answer(network, features))
    backwards = torch.arange(len(features) - 1, -1, -1)
    taken = answer(network, features.take(backwards))
    assert taken == pytest.approx(answer(network, features)[::-1], abs=1e-5)


def test_payload_survives_json(
    family: Family, payloads: list[dict[str, Any]], config: FamilyConfig
) -> None:
    for payload in payloads:
        again = json.loads(json.dumps(payload, allow_nan=False))
        one, other = (family.featurize([family.parse(p)], config).flat() for p in (payload, again))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_description_is_finite_with_one_row_a_sample(
    family: Family, payloads: list[dict[str, Any]]
) -> None:
    samples = [family.parse(payload) for payload in payloads]
    found = family.describe(samples)
    assert found.vectors.ndim == 2
    assert len(found.vectors) == len(found.tokens) == len(samples)
    assert np.isfinite(found.vectors).all()
    assert len(set(family.descriptor_names)) == found.vectors.shape[1]
    alone = family.describe(samples[:1])
    assert found.vectors[0] == pytest.approx(alone.vectors[0])
    assert found.tokens[0] == alone.tokens[0]


@pytest.mark.parametrize("preset", ["demo", "full"])
def test_gates_carry_units_and_reject_what_was_not_measured(family: Family, preset: str) -> None:
    gates = family.gates(family.preset(preset))
    assert gates
    assert len({gate.name for gate in gates}) == len(gates)
    for gate in gates:
        assert gate.unit
        assert gate.source
        assert np.isfinite(gate.limit)
    verdict = judge(gates, {})
    assert not verdict.accepted
    assert len(verdict.failures) == len(gates)
    for target in family.targets:
        limited = {gate.metric for gate in gates if gate.metric.startswith(f"{target.name}.")}
        assert any("coverage" in metric for metric in limited)
        assert any("half_width" in metric for metric in limited)
        assert len(limited) >= 3


def test_physics_is_measured_and_every_measure_of_it_has_a_gate(
    family: Family, payloads: list[dict[str, Any]]
) -> None:
    config = family.preset("demo")
    level = typical_scaled(family)

    def constant(given: Sequence[Any]) -> NDArray[np.float64]:
        return np.tile(level, (len(given), 1))

    def broken(given: Sequence[Any]) -> NDArray[np.float64]:
        return np.full((len(given), len(level)), np.nan)

    gates = family.gates(config)
    measured = family.measure_physics(constant, payloads, config)
    assert measured
    assert set(measured) <= {gate.metric for gate in gates}
    verdicts = [
        judge(gates, family.measure_physics(f, payloads, config)) for f in (constant, broken)
    ]
    missed = [{f.gate.metric for f in verdict.failures} & set(measured) for verdict in verdicts]
    assert missed == [set(), set(measured)]


def test_derived_quantities_are_finite_with_unit(family: Family) -> None:
    for name, quantity in family.derive(typical(family)).items():
        assert name not in typical(family)
        assert np.isfinite(quantity.value)
        assert quantity.unit


def test_record_of_the_example_survives_a_dataset_part(
    family: Family, example: dict[str, Any], tmp_path: Path
) -> None:
    stated = Provenance("test", "example", "engine 1", "method", "2024-01-02", "CC0-1.0")
    record = make_record("group", example, typical(family), family.targets, stated)
    write_part(tmp_path, [record], family.targets)
    assert list(read_records(tmp_path, family.targets)) == [record]


def card_of(family: Family, config: FamilyConfig, predictor: Predictor) -> Card:
    domain = predictor.domain
    return Card(
        schema_version=SCHEMA_VERSION,
        family=family.name,
        version="",
        created="2024-01-02T03:04:05Z",
        targets=family.targets,
        data=DataSummary(predictor.dataset_version, {"train": ROWS}, {"train": 1}, {}, ()),
        configuration=json.loads(to_json(config)),
        environment=Environment("0", "", platform.python_version(), "", "", "cpu"),
        calibration=predictor.conformal,
        domain=DomainSummary(tuple(sorted(domain.tokens)), domain.threshold, 0.0, {}),
        measurements={},
        verdict=Verdict(False, ()),
        champion="",
        lineage=(),
        files={},
    )


def test_packaged_model_answers_as_it_did_before(
    family: Family,
    config: FamilyConfig,
    ensemble: Ensemble,
    payloads: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    n_targets = len(family.targets)
    conformal = Conformal(0.9, (0.01,) * n_targets, (1.5,) * n_targets, 20, 20)
    domain = fit_domain(family.describe([family.parse(payload) for payload in payloads * 3]))
    before = Predictor(family, config, ensemble, conformal, domain, "unversioned", "data-1")
    golden = Golden(tuple(payloads), tuple(before.predict(payloads)))
    card = write_package(
        tmp_path / "package", card_of(family, config, before), ensemble, domain, golden
    )

    after = load_checked(tmp_path / "package")
    answers = after.predict(payloads)
    assert golden_difference(golden, answers) < 1e-5
    assert after.scaled(payloads) == pytest.approx(before.scaled(payloads), rel=1e-5)
    assert (after.config, after.model_version) == (config, card.version)
    for given in answers:
        assert not given.unseen
        assert set(given.estimates) == {target.name for target in family.targets}
        for target in family.targets:
            estimate = given.estimates[target.name]
            assert estimate.unit == target.unit
            assert estimate.lower < estimate.value < estimate.upper
    other = [t + 0.01 if "output" in name else t for name, t in ensemble.tensors().items()]
    shifted = dict(zip(ensemble.tensors(), other, strict=True))
    moved = replace(before, ensemble=family.restore(shifted, config))
    assert golden_difference(golden, moved.predict(payloads)) > 1e-5


def test_training_twice_gives_the_same_weights(
    family: Family, config: FamilyConfig, payloads: list[dict[str, Any]]
) -> None:
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    features = family.featurize(samples, config)
    standard = torch.linspace(-1, 1, ROWS * len(family.targets)).reshape(ROWS, -1)
    fit = partial(family.fit_member, features, standard, config)
    first, again, other = (dict(fit(member)[0].state_dict()) for member in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


class StopsOnce:
    """Keeps checkpoints as files would, and asks for a stop before a given step."""

    def __init__(self, stop_at: int) -> None:
        self.steps_left = stop_at
        self.kept = b""

    def latest(self) -> Checkpoint | None:
        return decode_checkpoint(self.kept, "key", "kept") if self.kept else None

    def due(self) -> bool:
        return False

    def stopping(self) -> bool:
        self.steps_left -= 1
        return self.steps_left == 0

    def save(self, checkpoint: Checkpoint) -> None:
        self.kept = encode_checkpoint(checkpoint, "key")


@pytest.mark.parametrize("stop_at", [1, 3])
def test_an_interrupted_training_ends_as_an_unbroken_one(
    family: Family, config: FamilyConfig, payloads: list[dict[str, Any]], stop_at: int
) -> None:
    config = replace(config, training=replace(config.training, batch_size=ROWS // 2))
    samples = [family.parse(payloads[row % len(payloads)]) for row in range(ROWS)]
    features = family.featurize(samples, config)
    standard = torch.linspace(-1, 1, ROWS * len(family.targets)).reshape(ROWS, -1)
    fit = partial(family.fit_member, features, standard, config)
    network, log = fit()
    checkpoints = StopsOnce(stop_at)
    with pytest.raises(TrainingStopped):
        fit(checkpoints=checkpoints)
    assert checkpoints.kept
    resumed, resumed_log = fit(checkpoints=checkpoints)
    weights, again = network.state_dict(), resumed.state_dict()
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert resumed_log == log


def test_sources_are_named_and_documented(family: Family) -> None:
    names = [form.name for form in family.sources]
    assert len(set(names)) == len(names) > 0
    assert ("simulation" in names) == isinstance(family, Simulates)
    assert ("materials-project" in names) == isinstance(family, TakesFromDatabases)
    assert all(form.description for form in family.sources)
