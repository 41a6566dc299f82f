"""The screening's pipeline as compiled, and the same YAML run here.

That shards find what one piece finds is told in
tests/entrypoints/cli/exploring/test_screening.py: here the
family is a real one, whose designs cost a tenth of a second each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import fit_domain
from matops.core.quality.uncertainty import Conformal
from matops.families import get_family
from tests.support.made_up_package import write_made_up

if TYPE_CHECKING:
    from tests.conftest import Matops
    from tests.pipelines.conftest import Compiled

pytestmark = pytest.mark.usefixtures("compiled_already")
FAMILY, COUNT = "nanoporous_cnn3d", 12


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose network was never trained: its answers are those of its first weights."""
    family = get_family(FAMILY)
    config = family.preset("demo")
    torch.manual_seed(0)
    targets = len(family.targets)
    ensemble = Ensemble(
        [family.network(config).eval()], torch.full((targets,), 1.0), torch.ones(targets)
    )
    payloads = [family.design(index, 1, config) for index in range(40)]
    samples = [family.parse(payload) for payload in payloads]
    domain = fit_domain(family.describe(samples, family.featurize(samples, config)))
    n = len(family.properties)
    conformal = Conformal(0.9, (0.1,) * n, ((2.0,),) * n, rows=40, groups=40)
    predictor = Predictor(family, config, ensemble, conformal, domain, "", "data-1")
    directory = tmp_path_factory.mktemp("screening") / "package"
    write_made_up(directory, predictor, payloads[0])
    return directory


def test_shards_run_side_by_side_and_one_merge_follows(compiled: dict[str, Compiled]) -> None:
    tasks = compiled["screen_designs"].spec["root"]["dag"]["tasks"]
    ((loop, looped),) = (item for item in tasks.items() if "parameterIterator" in item[1])
    assert looped["iteratorPolicy"]["parallelismLimit"] > 1
    assert looped["dependentTasks"] == ["begin-screening"]
    assert tasks["merge-screening"]["dependentTasks"] == [loop]
    assert set(tasks) == {"begin-screening", loop, "merge-screening"}


@pytest.mark.slow
def test_a_screening_runs_here(matops: Matops, package: Path, tmp_path: Path) -> None:
    options = ("--param", f"package={package}", "--param", f"count={COUNT}")
    done = matops(tmp_path, "run", "screen_designs", "-f", FAMILY, *options, "--json")
    assert done.status == 0, done
    told = json.loads(done.out)
    assert (told["designs"], told["refused"], told["confirmed"]) == (COUNT, 0, 0)
    whole = ("screen", FAMILY, "--package", package, "--count", COUNT, "--out", tmp_path / "whole")
    assert matops(tmp_path, *map(str, whole)).status == 0
    for name in ("front.csv", *(f"front/{p.name}" for p in (tmp_path / "whole/front").iterdir())):
        merged = Path(told["directory"], name).read_text()
        assert merged == (tmp_path / "whole" / name).read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "no model is released; name a package"),
        (("--param", "package=nosuch"), "nosuch"),
        (("--preset", "demo", "--param", "package=x"), "no parameter 'preset'"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    matops: Matops, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    done = matops(tmp_path, "run", "screen_designs", "-f", FAMILY, *options)
    assert done.status == 2
    assert done.err.splitlines()[-1].startswith("matops: ")
    assert words in done.err.splitlines()[-1]
