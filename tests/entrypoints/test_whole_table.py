"""Every table of the command line is whole at 80 columns: ids, versions and names can be copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from matops.adapters.data.dvc_versions import Published
from matops.artifacts.data.history import VersionEntry
from matops.artifacts.pages.study_page import result_tables
from matops.core.data.target import Target
from matops.core.exploring.study import Variant, VariantResult
from matops.core.monitoring.retraining import Criterion, RetrainingDecision
from matops.core.quality.gate import Gate, Measurement, judge
from matops.core.quality.prediction import Estimate, Prediction
from matops.core.release.decision import Decision, Evidence
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.ruling import Check, Ruling
from matops.entrypoints.cli import output
from matops.entrypoints.cli.data.versions import log_table, status_table
from matops.entrypoints.cli.exploring.screening import designs_table
from matops.entrypoints.cli.pipelines.runs import runs_table
from matops.entrypoints.cli.release.monitor import shifts_table
from matops.entrypoints.learning.verdict_text import measurement_table, verdict_table
from matops.entrypoints.monitoring.decision_text import decision_table
from matops.entrypoints.release.release_text import arms_table, checks_table
from matops.entrypoints.serving.answers_table import prediction_table
from matops.entrypoints.whole_table import WholeTable
from matops.families import family_names, get_family
from matops.steps.pipelines.pipeline_service import PipelineRun
from tests.support.places import REPOSITORY

FAMILY = "nanoporous_cnn3d"
VERSION = "f92ea2d2d1d14cd5ba1a69d88c1f4d2e"
ENTRY = VersionEntry(
    family=FAMILY,
    number=12,
    version=VERSION,
    parent="",
    part="part-0123456789abcdef0123.parquet",
    added=248_000,
    rows=1_234_567,
    targets={"C_11": "GPa", "C_22": "GPa", "C_33": "GPa"},
    sources={"materials-project": 3953, "simulation": 248_000},
    date="2026-11-29T03:57:35+00:00",
    author="a-long-user-name@login-node-17.cluster.example.org",
)
GOLDEN = "golden requests that the candidate answers otherwise"


def gates_of_all_families() -> list[Gate]:
    return [
        gate
        for family in map(get_family, family_names())
        for gate in family.gates(family.presets["demo"])
    ]


def words(names: Iterable[str]) -> list[str]:
    """What of names in plain words may not be cut."""
    return [word for name in names for word in name.split()]


def verdict() -> tuple[WholeTable, list[str]]:
    gates = gates_of_all_families()
    card = SimpleNamespace(family=FAMILY, version=VERSION, verdict=judge(gates, {}))
    return verdict_table(card), [VERSION, *words(gate.name for gate in gates), "not measured"]  # type: ignore[arg-type]


def measurements() -> tuple[WholeTable, list[str]]:
    names = [gate.metric for gate in gates_of_all_families()]
    measured = Measurement(0.123456, "log10(GPa)", 0.1012345, 0.1512345, 12345)
    return measurement_table(dict.fromkeys(names, measured)), [*names, "0.1012", "0.1512"]


def retraining() -> tuple[WholeTable, list[str]]:
    why = "12345 rows that the data of the champion lack " * 3
    names = ["new rows relative to the champion's", "share of samples out of domain"]
    criteria = tuple(Criterion(name, 0.1234, 0.1, "rows", True, why) for name in names)
    decision = RetrainingDecision(True, "enough new rows", criteria)
    return decision_table(FAMILY, decision), [*words(names), ">= 0.1 rows"]


def arms() -> tuple[WholeTable, list[str]]:
    champion = Arm(f"m{VERSION[:8]}-11", VERSION, "/models/x")
    candidate = Arm("m8a727648-12", VERSION[::-1], "/models/y")
    rollout = Rollout(3, champion, candidate, share_percent=25)
    why = "its pod waits: 0/3 nodes are available: insufficient nvidia.com/gpu"
    table = arms_table(rollout, {candidate.name: why})
    return table, [champion.name, candidate.name, VERSION, VERSION[::-1]]


def checks() -> tuple[WholeTable, list[str]]:
    ruling = Ruling("hold", "", (Check(GOLDEN, None, 0.0, "answers", "missing", ""),) * 2)
    arm = Arm("m1-1", VERSION, "/models/x")
    decision = Decision("2026-03-01", VERSION, ruling, Evidence(), None, Rollout(1, arm))
    return checks_table(decision), [*words([GOLDEN]), "answers", "missing"]


def predictions() -> tuple[WholeTable, list[str]]:
    file = "mp-1234567 Li7La3Zr2O12 relaxed with PBE, second run [bold].cif[0]"
    promised = Estimate(123.4567, "GPa", 101.2345, 151.2345)
    derived = {
        "young_modulus": Estimate(123.4, "GPa", 110.0, 140.0),
        "electrodeposition": Estimate(1.0, "1", None, None),
    }
    answer = Prediction({"K_VRH": promised}, derived, 0.9, True, 1.2, ("Li", "La"), VERSION, "d")
    return prediction_table({f"/a/b/{file}": answer}), [file, *derived, "101.2 to 151.2", "Li La"]


def descriptors() -> tuple[WholeTable, list[str]]:
    name = "bond order 12 of the second neighbours, mean over the cell"
    shift = SimpleNamespace(descriptor=name, index=0.1, by_chance=0.2, drift=0.3)
    return shifts_table(SimpleNamespace(shifts=(shift,))), [*name.split(), "0.100"]  # type: ignore[arg-type]


def designs() -> tuple[WholeTable, list[str]]:
    cost, merit = Target("density", "g/cm3", ""), Target("least stiffness of all axes", "GPa", "")
    row: dict[str, Any] = {"index": 123_456_789, cost.name: 1.234, merit.name: 5.678}
    row |= {f"{merit.name}_lower": 1.0, f"{merit.name}_upper": 2.0}
    row |= {f"{merit.name}_simulated": 1.5, "refused": "", "inside": True}
    result = SimpleNamespace(objectives=SimpleNamespace(cost=cost), merit=merit)
    screened = SimpleNamespace(result=result, confirmed=pd.DataFrame([row]))
    return designs_table(screened), ["123456789", "1.234", "5.678", "1 to 2"]  # type: ignore[arg-type]


def runs() -> tuple[WholeTable, list[str]]:
    run_id, name = "0d4ae4e8-5b3c-4d5e-9f60-718293a4b5c6", "train-and-release nanoporous_cnn3d full"
    began = datetime(2026, 11, 29, 3, 57, tzinfo=UTC)
    run = PipelineRun(run_id, name, "running", began, None, "", ())
    return runs_table([run]), [run_id, name, "2026-11-29 03:57"]


def study() -> tuple[WholeTable, list[str]]:
    label = "fine-tuned from gold with physical descriptors"
    measured = Measurement(0.9876, "1", 0.9812, 0.9934, 90)
    errors = {"C_11": dict.fromkeys(("r2", "mae", "rmse"), measured)}
    result = VariantResult(Variant(label), errors, 100, 3, 5, 123_456_789, 71.26, 2.512)
    table = result_tables([result])[0]
    shown = WholeTable(table.columns, table.rows, table.columns)
    return shown, [*label.split(), "0.9876", "(0.9812"]


TABLES: dict[str, Callable[[], tuple[WholeTable, list[str]]]] = {
    "log": lambda: (
        log_table([ENTRY] * 2),
        [FAMILY, VERSION[:12], "2026-11-29 03:57", ENTRY.author],
    ),
    "status": lambda: (
        status_table([Published(FAMILY, VERSION, 12, 11, True, ENTRY)]),
        [FAMILY, VERSION[:12], "1234567", "11 of 12", "2026-11-29 03:57"],
    ),
    **{
        each.__name__: each
        for each in (verdict, measurements, retraining, arms, checks, predictions)
    },
    **{each.__name__: each for each in (descriptors, designs, runs, study)},
}


def printed(table: WholeTable, width: int, is_terminal: bool) -> str:
    text = StringIO()
    console = Console(file=text, width=width, force_terminal=is_terminal, color_system=None)
    console.print(table, highlight=False, crop=False)
    return text.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_whole_at_80_columns(name: str, is_terminal: bool) -> None:
    table, whole = TABLES[name]()
    text = printed(table, 80, is_terminal)
    assert [part for part in whole if part not in text] == []
    assert "…" not in text
    long = [line for line in text.splitlines() if len(line) > 80]
    assert [line for line in long if not any(part in line for part in whole)] == []


def test_all_commands_lay_out_their_tables_here() -> None:
    """What is laid out elsewhere is cut at 80 columns without anybody who sees it."""
    others = [
        path.name
        for path in (REPOSITORY / "src").rglob("*.py")
        if re.search(r"rich\.(table|columns)", path.read_text())
    ]
    assert others == ["whole_table.py"]


def test_what_fits_is_a_grid_and_what_does_not_is_a_block_a_row() -> None:
    table = WholeTable(("id", "words"), [("a" * 20, "x y"), ("b" * 20, "z")])
    heading, rule, *rows = printed(table, 80, True).splitlines()
    assert heading.split() == ["id", "words"]
    assert set(rule.strip()) == {"─"}
    assert [row.split() for row in rows] == [["a" * 20, "x", "y"], ["b" * 20, "z"]]
    narrow = printed(table, 20, True).splitlines()
    first = ["id     " + "a" * 20, "words  x y", ""]
    assert narrow == [*first, "id     " + "b" * 20, "words  z"]


def test_a_column_may_have_neither_a_name_nor_a_word() -> None:
    table = WholeTable(["criterion", "limit", ""], [("new rows", "10", "")])
    assert [line.split() for line in printed(table, 40, True).splitlines()][-1] == [
        "new",
        "rows",
        "10",
    ]


def test_prose_is_folded_between_words_only() -> None:
    table = WholeTable(("id", "why"), [("a" * 40, "six-letter words " * 8)], prose=("why",))
    _, _, first, *others = printed(table, 80, True).splitlines()
    assert first.startswith("a" * 40)
    assert {*first.split()[1:], *" ".join(others).split()} == {"six-letter", "words"}


def test_what_stands_in_a_cell_neither_styles_it_nor_moves_the_cursor() -> None:
    table = WholeTable(("file",), [("a[bold]b\x1b[2J.cif",), (Text("c", "bold"),)])
    assert "a[bold]b�[2J.cif" in printed(table, 80, False)


CELLS = st.text("abc -_.[]/é界", max_size=60).map(str.strip)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(10, 200))
def test_nothing_is_ever_cut(rows: list[tuple[str, str, str]], width: int) -> None:
    text = printed(WholeTable(("id", "a name", "why"), rows, prose=("why",)), width, True)
    for identifier, name, why in rows:
        assert identifier in text
        assert name in text
        assert all(word in text for word in why.split())


def test_a_tree_does_not_break_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = StringIO()
    monkeypatch.setattr(output, "screen", Console(file=text, width=80))
    tree = Tree("model")
    tree.add("data").add(f"/a/{'long_' * 30}path: 12 rows of {VERSION * 2}")
    output.print_tree(tree)
    _, _, line = text.getvalue().splitlines()
    assert f"/a/{'long_' * 30}path: 12 rows of {VERSION * 2}" in line
