"""What a family says of itself: words, targets, presets, gates."""

from dataclasses import is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from matops.artifacts.configuration import resolve_config
from matops.artifacts.exploring.space_file import check_space
from matops.artifacts.jsonfile import from_json, read_json, to_json, write_json
from matops.core.errors import BadInput
from matops.core.family import Designs, Explains, Family, Simulates, TakesFromDatabases
from matops.core.family.derived import with_derived
from matops.core.quality.gate import judge
from matops.testing.case import MEMBERS, case_of, ensemble_of, typical, typical_tables

PRESETS = ("demo", "full")


class Describes:
    """Words, targets, presets, physics and gates; and what a family's further skills promise."""

    def test_words_are_there(self, family: Family) -> None:
        assert family.title
        assert any(character.isdigit() for character in family.paper)

    def test_targets_have_unit_description_and_consistent_bounds(self, family: Family) -> None:
        assert family.targets
        assert len({target.name for target in family.targets}) == len(family.targets)
        for target in family.targets:
            assert target.unit
            assert len(target.description.split()) > 1
            if target.lower is not None and target.upper is not None:
                assert target.lower < target.upper
            value = np.asarray(typical(family)[target.name])
            assert target.is_physical(value).all()
            assert target.from_scale(target.to_scale(value)) == pytest.approx(value)
            for bound in (target.lower, target.upper):
                assert bound is None or target.is_physical(np.float64(bound)) == target.closed

    @pytest.mark.parametrize("preset", PRESETS)
    def test_preset_is_frozen_and_survives_json(
        self, family: Family, preset: str, tmp_path: Path
    ) -> None:
        config = family.preset(preset)
        assert is_dataclass(config)
        assert isinstance(config, family.config_type)
        with pytest.raises(AttributeError):
            config.training = None  # type: ignore[misc, assignment]
        assert from_json(to_json(config), family.config_type, preset) == config
        write_json(tmp_path / "config.json", config)
        assert read_json(tmp_path / "config.json", family.config_type) == config
        assert resolve_config(family, preset, {}) == config

    def test_changed_field_is_taken_and_unknown_or_unfit_ones_are_refused(
        self, family: Family
    ) -> None:
        changed = resolve_config(family, "demo", {"training.epochs": 7})
        assert changed.training.epochs == 7
        assert replace(changed, training=family.preset("demo").training) == family.preset("demo")
        for changes in ({"training.epoch": 7}, {"training.epochs": "many"}, {"nothing": 1}):
            with pytest.raises(BadInput):
                resolve_config(family, "demo", changes)
        with pytest.raises(BadInput, match="demo"):
            resolve_config(family, "nosuch", {})

    def test_a_space_holds_configurations_of_which_each_builds_a_network(
        self, family: Family
    ) -> None:
        assert len({space.name for space in family.spaces}) == len(family.spaces)
        rng = np.random.default_rng(0)
        for space in family.spaces:
            check_space(family, space, space.preset, space.name)
            assert space.source
            if space.grid:  # a trial says which of its points leave nothing of a sample
                continue
            assert all(of.source for of in space.fields.values())
            for _ in range(8):
                point = {path: of.drawn(rng) for path, of in space.fields.items()}
                family.network(resolve_config(family, space.preset, {**space.changes, **point}))

    @pytest.mark.parametrize("preset", PRESETS)
    def test_gates_carry_units_and_reject_what_was_not_measured(
        self, family: Family, preset: str
    ) -> None:
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
            limited = {g.metric for g in gates if g.metric.startswith(f"{target.name}.")}
            assert any("coverage" in metric for metric in limited)
            assert any("half_width" in metric for metric in limited)
            assert len(limited) >= 3

    def test_derived_quantities_are_declared_physical_and_of_each_sample_for_itself(
        self, family: Family
    ) -> None:
        names = [target.name for target in (*family.targets, *family.derived)]
        assert len(set(names)) == len(names)
        assert all(quantity.unit and quantity.is_scalar for quantity in family.derived)
        typical = typical_tables(family, case_of(family).features)
        rng = np.random.default_rng(0)
        members = typical.each(lambda t: t + 0.1 * rng.normal(size=(MEMBERS, *t.shape)))
        derived = with_derived(family, members)
        assert [target.name for target in derived.targets] == names
        few = np.array([2, 0])
        for quantity in family.derived:
            scaled = derived.numbers(quantity)
            assert scaled.shape == (MEMBERS, len(typical))
            assert np.isfinite(scaled).all()
            assert np.ptp(scaled) > 0
            values = quantity.from_scale(scaled)
            assert quantity.within(values) == pytest.approx(values)
            alone = with_derived(family, members.each(lambda t: t[0]).take(few))
            assert alone.numbers(quantity) == pytest.approx(scaled[0, few])

    def test_sources_are_named_documented_and_those_of_its_skills(self, family: Family) -> None:
        names = [form.name for form in family.sources]
        assert len(set(names)) == len(names) > 0
        assert ("simulation" in names) == isinstance(family, Simulates)
        assert ("materials-project" in names) == isinstance(family, TakesFromDatabases)
        assert all(form.description for form in family.sources)

    def test_a_design_is_a_sample_and_the_same_whenever_it_is_asked_for(
        self, family: Family
    ) -> None:
        if not isinstance(family, Designs):
            pytest.skip("designs nothing")
        columns = [family.objectives.cost.name, *(merit.name for merit in family.objectives.merits)]
        columns += [target.name for target in family.targets]
        assert len(set(columns)) == len(columns), "a screening's table would have a column twice"
        config, numbers = family.preset("demo"), range(4)
        forwards = [family.design(i, 1, config) for i in numbers]
        assert forwards == [family.design(i, 1, config) for i in reversed(numbers)][::-1]
        assert any(payload != forwards[0] for payload in forwards)
        for payload in forwards:
            family.parse(payload)
            assert np.isfinite(family.objectives.cost.of(payload))

    def test_an_explanation_is_text_under_a_heading(self, family: Family) -> None:
        if not isinstance(family, Explains):
            pytest.skip("explains nothing")
        texts = family.explain(ensemble_of(family), case_of(family).config)
        assert texts
        assert all(heading.strip() and text.strip() for heading, text in texts.items())
