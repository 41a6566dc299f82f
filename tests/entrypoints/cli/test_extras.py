"""A library that is not installed is one line that names the extra."""

from __future__ import annotations

import tomllib

import pytest

from matops.entrypoints.cli.extras import missing_extra
from tests.support.places import REPOSITORY

EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("torch", "training"),
        ("skimage.morphology", "training"),
        ("kserve", "serving"),
        ("prometheus_client", "serving"),
        ("yaml", "platform"),
        ("kfp", "platform"),
        ("dvc.repo", "data"),
        ("mp_api.client", "databases"),
        ("mlcroissant", "export"),
        ("huggingface_hub.repocard", "export"),
        ("rocrate.rocrate", "export"),
        ("botocore", "all"),
    ],
)
def test_the_extra_that_brings_a_module_is_named(module: str, extra: str) -> None:
    line = missing_extra(ModuleNotFoundError(name=module))
    top = module.split(".")[0]
    assert line == f"{top} is not installed; this needs: pip install 'matops[{extra}]'"
    assert extra in EXTRAS


def test_all_is_every_extra_that_a_command_may_need() -> None:
    [everything] = EXTRAS["all"]
    names = set(everything.removeprefix("matops[").removesuffix("]").split(","))
    assert names == set(EXTRAS) - {"all", "client", "dev", "docs", "bench", "testing"}


@pytest.mark.parametrize("module", ["matops.core.alchemy", None])
def test_an_error_of_our_own_is_not_taken_for_a_missing_library(module: str | None) -> None:
    with pytest.raises(ModuleNotFoundError):
        missing_extra(ModuleNotFoundError(name=module))
