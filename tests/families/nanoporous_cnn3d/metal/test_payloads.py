import base64
import json

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.payloads import group_of, parse_metal, write_payload


def test_payload_survives_json_in_both_forms(waves, voxels) -> None:
    solid = np.random.default_rng(0).random((9, 9, 9)) < 0.5
    for sample in (waves(4), voxels(solid)):
        again = parse_metal(json.loads(json.dumps(write_payload(sample))))
        assert again == sample
        assert group_of(again) == group_of(sample)


def test_two_levels_and_two_metals_are_one_group(waves) -> None:
    one, other = write_payload(waves(0, 0.3)), write_payload(waves(0, 0.5))
    other["waves"]["metal"] = "Ag"
    assert group_of(parse_metal(one)) == group_of(parse_metal(other))
    assert group_of(parse_metal(one)) != group_of(waves(1))


def changed(payload: dict, form: str, **fields: object) -> dict:
    return {form: {**payload[form], **fields}}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"metal": 3}, "metal is not a chemical symbol"),
        ({"metal": "Xx"}, "unknown metal 'Xx'"),
        ({"cell_A": "big"}, "cell_A is not a finite number"),
        ({"cell_A": True}, "cell_A"),
        ({"cell_A": 10**400}, "cell_A"),
        ({"cell_A": float("nan")}, "cell_A"),
        ({"solid_fraction": None}, "solid_fraction"),
        ({"hkl_squared": 5.0}, "hkl_squared is not a whole number"),
        ({"phases_rad": "0 1 2"}, "phases_rad"),
        ({"phases_rad": [0.0] * 23 + ["x"]}, "a phase is not a finite number"),
        ({"phases_rad": [0.0] * 1000}, "there are 1000 phases"),
    ],
)
def test_bad_waves_are_named(waves, fields: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_metal(changed(write_payload(waves()), "waves", **fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"shape": [8, 8]}, "three whole numbers"),
        ({"shape": [8, 8, 8.0]}, "three whole numbers"),
        ({"shape": [8, 8, 9]}, "8 x 8 x 9 is not a cube"),
        ({"shape": [16, 16, 16]}, "512 bytes, but there are 64"),
        ({"shape": [-8, -8, -8]}, "voxels an edge"),
        ({"bits": "not Base64!"}, "not Base64"),
        ({"bits": 5}, "not text"),
        ({"bits": base64.b64encode(bytes(64)).decode()}, "no voxel is solid"),
    ],
)
def test_bad_voxels_are_named(voxels, fields: dict, words: str) -> None:
    payload = write_payload(voxels(np.ones((8, 8, 8), dtype=bool)))
    with pytest.raises(BadInput, match=words):
        parse_metal(changed(payload, "voxels", **fields))


def test_payload_with_two_forms_or_none_is_refused(waves, voxels) -> None:
    both = write_payload(waves()) | write_payload(voxels(np.ones((8, 8, 8), dtype=bool)))
    for payload in (both, {}, {"metal": "Au"}):
        with pytest.raises(BadInput, match="exactly one of waves, voxels"):
            parse_metal(payload)
