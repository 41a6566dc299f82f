"""Presets from files, as a search or a person writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matops.artifacts.preset_file import names_a_file, read_preset_file
from matops.core.errors import BadInput


def test_a_preset_of_another_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"family": "elastic_cgcnn", "preset": "demo", "changes": {}}))
    assert read_preset_file(path, "elastic_cgcnn").preset == "demo"
    with pytest.raises(BadInput, match="a preset of elastic_cgcnn, not of nanoporous_cnn3d"):
        read_preset_file(path, "nanoporous_cnn3d")


def test_a_file_is_told_from_a_name() -> None:
    assert names_a_file("best.json")
    assert names_a_file("somewhere/space.toml")
    assert not names_a_file("demo")
    assert not names_a_file("")
