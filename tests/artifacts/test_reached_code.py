"""What a kept result depends on: the meaning of all the code that made it, and of no other."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import matops
from matops.artifacts import reached_code
from matops.families import get_family
from matops.steps.learning.features import features_file
from matops.steps.learning.training_task import training_code
from tests.support.places import REPOSITORY

FAMILIES = ("elastic_cgcnn", "nanoporous_cnn3d")
SRC = REPOSITORY / "src" / "matops"
Edit = Callable[[str, str, str], None]


@pytest.fixture
def forget() -> Iterator[Callable[[], None]]:
    """Forget what was read, as a new process would."""

    def clear() -> None:
        for kept in (reached_code._module, reached_code._version, reached_code._digest):
            kept.cache_clear()

    yield clear
    clear()


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]) -> Edit:
    """Edit a file in a copy of the checkout, whose code is then the one that is read."""
    copy, source = tmp_path / "copy", reached_code._source

    def in_copy(name: str) -> Path | None:
        path = source(name)
        if path is None or not path.is_relative_to(SRC):
            return path
        return copy / path.relative_to(SRC)

    def change(file: str, old: str, new: str) -> None:
        shutil.copytree(SRC, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        text = (copy / file).read_text()
        assert re.search(old, text, re.MULTILINE), f"{file} has no {old}"
        (copy / file).write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE))
        monkeypatch.setattr(reached_code, "_source", in_copy)
        forget()

    return change


def keys(name: str) -> tuple[str, bytes]:
    """Of the features and of the training of a family."""
    family = get_family(name)
    config = family.preset("demo")
    return features_file(Path(), family, [], config).stem, training_code(family, config)


@pytest.mark.parametrize(
    ("name", "file", "old", "new"),
    [
        ("elastic_cgcnn", "physics/bond_order.py", r"^ATOMS_AT_ONCE = ", "ATOMS_AT_ONCE = 1 + "),
        ("elastic_cgcnn", "families/elastic_cgcnn/graph/neighbours.py", r"return ", "return 2 * "),
        ("nanoporous_cnn3d", "physics/levelled_waves.py", r"return ", "return 2 * "),
        ("nanoporous_cnn3d", "simulators/continuum/solver.py", r"^ROUNDING = ", "ROUNDING = 2 * "),
        ("nanoporous_cnn3d", "core/data/target.py", r'"sample"', '"SAMPLE"'),
        ("nanoporous_cnn3d", "core/learning/features.py", r'"count/"', '"counts/"'),
    ],
)
def test_a_changed_line_below_featurize_makes_other_features_and_other_weights(
    name: str, file: str, old: str, new: str, edit: Edit
) -> None:
    before = keys(name)
    edit(file, old, new)
    features, weights = keys(name)
    assert features != before[0]
    assert weights != before[1]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("physics/bond_order.py", r"\A", "# A comment.\n\n\n"),
        ("physics/levelled_waves.py", r'"""', '"""Other words. '),
        ("core/learning/features.py", r"batch\(self, rows: Tensor\) -> Batch", "batch(self, rows)"),
        ("families/elastic_cgcnn/config.py", r'^"""', '"""Other words. '),
        ("families/nanoporous_cnn3d/config.py", r"^(class \w+.*\n) ", r"\1    # A comment.\n "),
    ],
)
def test_comments_docstrings_annotations_and_layout_mean_nothing(
    name: str, file: str, old: str, new: str, edit: Edit
) -> None:
    before = keys(name)
    edit(file, old, new)
    assert keys(name) == before


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "file", ["gates.py", "studies.py", "simulation.py", "files.py", "*/payload_forms.py"]
)
def test_code_that_makes_no_features_is_free_to_change(name: str, file: str, edit: Edit) -> None:
    before = keys(name)
    [found] = (REPOSITORY / "src/matops/families" / name).glob(file)
    edit(
        f"families/{name}/{found.relative_to(found.parents[len(Path(file).parts) - 1])}",
        r"^def (\w+)\(|^([A-Z]\w+)\b.*= ",
        r"other = 1\n\g<0>",
    )
    assert keys(name) == before


def test_what_only_trains_makes_other_weights_of_the_same_features(edit: Edit) -> None:
    features, weights = keys("elastic_cgcnn")
    edit("core/learning/fitting.py", r"\.backward\(\)", ".backward(None)")
    after = keys("elastic_cgcnn")
    assert after[0] == features
    assert after[1] != weights


def test_another_version_of_a_package_that_computes_makes_other_features(
    monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> None:
    before = {name: keys(name) for name in FAMILIES}
    version = reached_code.metadata.version
    for package, concerned in (
        ("scipy", {"nanoporous_cnn3d"}),
        ("vesin", {"elastic_cgcnn"}),
        ("torch", {*FAMILIES}),
    ):
        with monkeypatch.context() as other:
            other.setattr(
                reached_code.metadata,
                "version",
                lambda name, package=package: "99" if name == package else version(name),
            )
            forget()
            assert {name for name in FAMILIES if keys(name)[0] != before[name][0]} == concerned
        forget()


def test_keys_are_the_same_in_another_process_and_another_checkout(tmp_path: Path) -> None:
    shutil.copytree(SRC, tmp_path / "matops", ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import matops; from tests.artifacts.test_reached_code import FAMILIES, keys;"
        "print(matops.__file__); [print(keys(name)) for name in FAMILIES]"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": f"{tmp_path}:{REPOSITORY}", "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    place, *told = done.stdout.splitlines()
    assert Path(place).is_relative_to(tmp_path)
    assert Path(matops.__file__).is_relative_to(SRC)
    assert told == [str(keys(name)) for name in FAMILIES]


OUTSIDE = {
    "__init__.py": """
        from lab_family import gates, steps
        class Base:
            pointers = {}
            def parse(self, payload): return float(payload["x"])
        class Lab(Base):
            name = "lab"
            def featurize(self, samples, config):
                from lab_family.formulas import twice
                return [twice(self.shift(sample)) for sample in samples]
            def shift(self, x): return x + steps.SHIFT
            def gates(self): return gates.LIMIT
    """,
    "formulas.py": """
        from lab_registry import FEATURES, feature
        import lab_family.more
        import lab_family.typed
        def twice(x): return 2 * x + sum(f(x) for f in FEATURES) + lab_family.more.ONE
        @feature
        def third(x): return x / 3
        def unused(x): return x
    """,
    "steps.py": "SHIFT = 1",
    "more.py": "ONE = 1",
    "gates.py": "LIMIT = 1",
    "typed.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from lab_family.gates import LIMIT
    """,
    "../lab_registry.py": """
        FEATURES = []
        def feature(f):
            FEATURES.append(f)
            return f
    """,
}


@pytest.fixture
def outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> Iterator[Callable[..., bytes]]:
    """The key of a family outside the tree, after an edit."""
    folder = tmp_path / "lab_family"
    folder.mkdir()
    for file, text in OUTSIDE.items():
        (folder / file).write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    family: Any = importlib.import_module("lab_family").Lab()

    def key(file: str = "", old: str = "", new: str = "") -> bytes:
        text = (folder / file).read_text() if file else ""
        if file:
            assert old in text
            (folder / file).write_text(text.replace(old, new))
        forget()
        digest = reached_code.code_digest(family, None, ("parse", "featurize", "pointers"), ())
        if file:
            (folder / file).write_text(text)
        return digest

    yield key
    for name in [name for name in sys.modules if name.startswith("lab_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("formulas.py", "2 * x", "3 * x"),
        ("formulas.py", "x / 3", "x / 4"),
        ("steps.py", "1", "2"),
        ("more.py", "1", "2"),
        ("__init__.py", "x + steps", "x - steps"),
        ("__init__.py", 'payload["x"]', 'payload["y"]'),
        ("../lab_registry.py", "append(f)", "insert(0, f)"),
    ],
)
def test_a_family_outside_the_tree_is_followed_too(
    outside: Callable[..., bytes], file: str, old: str, new: str
) -> None:
    assert outside(file, old, new) != outside()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("gates.py", "1", "2"),
        ("__init__.py", "return gates.LIMIT", "return 2 * gates.LIMIT"),
        ("__init__.py", "    name = ", "    # why\n    name = "),
        ("typed.py", "LIMIT", "LIMIT as L"),
        ("formulas.py", "def unused(x): return x", "def unused(x): return 2 * x"),
    ],
)
def test_and_what_it_does_not_use_is_left_out(
    outside: Callable[..., bytes], file: str, old: str, new: str
) -> None:
    assert outside(file, old, new) == outside()
