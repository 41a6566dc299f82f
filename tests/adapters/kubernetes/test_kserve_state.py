"""The state of a release as a ConfigMap: back without loss, and refused where it is none."""

from __future__ import annotations

import pytest

from matops.adapters.kubernetes.kserve_state import KEY, read_state, state_map
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.kserve_models import check_model

FAMILY = get_family("elastic_cgcnn")
ARM = Arm("m8a727648-1", "8a727648abea", "s3://models/8a727648abea")
ROLLOUT = Rollout(
    7, ARM, ARM, None, 10, stage_began="then", setbacks=2, move="hold", reason="“ok” < 5 %"
)


def test_the_state_comes_back_as_it_was_kept() -> None:
    made = state_map(FAMILY, ROLLOUT)
    check_model("V1ConfigMap", made, "state")
    assert made["metadata"]["name"] == "elastic-cgcnn-rollout"
    assert read_state(made) == ROLLOUT


def test_a_state_with_names_of_before_is_read() -> None:
    old = Rollout(7, Arm("8a727648abea-1", "8a727648abea", "s3://models/8a727648abea"))
    assert read_state(state_map(FAMILY, old)) == old


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"generation": "7"}', '{"generation": 7, "champion": null}']
)
def test_a_state_that_does_not_fit_its_schema_is_refused(text: str) -> None:
    made = state_map(FAMILY, ROLLOUT) | {"data": {KEY: text}}
    with pytest.raises(BadInput, match="ConfigMap elastic-cgcnn-rollout: rollout: "):
        read_state(made)


def test_a_config_map_of_somebody_else_is_refused() -> None:
    made = state_map(FAMILY, ROLLOUT)
    del made["data"]
    with pytest.raises(BadInput, match="not written by matops"):
        read_state(made)
