"""How a family reads samples: requests, files, records."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.artifacts.data.dataset import read_records, write_part
from matops.core.data.record import Provenance, make_record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.testing.case import case_of, typical

GARBAGE: tuple[Any, ...] = ({}, [], None, 3, "text", {"": ""}, {"nothing": {}}, [{}])
CONTENTS: tuple[Any, ...] = (None, 3, -1.5, "", "garbage", "\0", [], [[]], {}, {"a": [None]}, True)


class Reads:
    """Payloads, files and descriptions; what is bad is refused in one line."""

    def test_payload_forms_are_documented_and_the_example_uses_one(self, family: Family) -> None:
        keys, payloads = [form.key for form in family.payload_forms], case_of(family).payloads
        assert len(set(keys)) == len(keys) > 0
        assert all(form.description and form.example for form in family.payload_forms)
        assert set(payloads[0]) & set(keys)
        assert len(payloads) > 1, "no documented payload is a whole sample"

    def test_a_sample_has_a_size_that_is_allowed(self, family: Family) -> None:
        sizes = [family.size(family.parse(payload)) for payload in case_of(family).payloads]
        assert all(0 < size <= family.largest_sample for size in sizes)
        assert family.size_unit

    def test_garbage_is_bad_input_in_one_line(self, family: Family) -> None:
        contents = [{form.key: content} for form in family.payload_forms for content in CONTENTS]
        for payload in (*GARBAGE, *contents):
            with pytest.raises(BadInput) as caught:
                family.parse(payload)
            assert len(str(caught.value).splitlines()) == 1

    def test_unreadable_request_file_is_bad_input_with_its_name(
        self, family: Family, tmp_path: Path
    ) -> None:
        unknown = tmp_path / "sample.unknown"
        unknown.write_text("garbage")
        for path in (tmp_path / "missing.json", unknown, tmp_path):
            with pytest.raises(BadInput, match=path.name):
                family.load_request(path)

    def test_unknown_source_is_bad_input_with_its_name(
        self, family: Family, tmp_path: Path
    ) -> None:
        (tmp_path / "notes.txt").write_text("garbage")
        for path in (tmp_path / "missing", tmp_path / "notes.txt"):
            with pytest.raises(BadInput, match=path.name):
                list(family.read(path, Provenance("", "")))

    def test_description_is_finite_with_one_row_a_sample(self, family: Family) -> None:
        case = case_of(family)
        samples = [family.parse(payload) for payload in case.payloads]
        described = family.describe(samples, family.featurize(samples, case.config))
        assert described.vectors.ndim == 2
        assert len(described.vectors) == len(described.tokens) == len(samples)
        assert np.isfinite(described.vectors).all()
        assert len(set(family.descriptor_names)) == described.vectors.shape[1]
        alone = family.describe(samples[:1], family.featurize(samples[:1], case.config))
        assert described.vectors[0] == pytest.approx(alone.vectors[0])
        assert described.tokens[0] == alone.tokens[0]

    def test_record_of_the_example_survives_a_dataset_part(
        self, family: Family, tmp_path: Path
    ) -> None:
        stated = Provenance("test", "example", "engine 1", "method", "2024-01-02", "CC0-1.0")
        example, values = case_of(family).payloads[0], typical(family)
        record = make_record("group", example, values, family.targets, stated)
        write_part(tmp_path, [record], family.targets)
        assert list(read_records(tmp_path, family.targets)) == [record]
