"""The report page: complete, self-contained, harmless, and clear on the verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.data.doubtful import Doubtful
from matops.artifacts.model.model import LearningPoint, TrainingLog
from matops.artifacts.pages.page import format_limit, format_number
from matops.artifacts.pages.report import (
    explain_domain,
    explain_learning_curve,
    explain_verdict,
    render_report,
    worst_rows,
)
from matops.core.data.record import Provenance, Quarantined, Record
from matops.core.data.target import Target
from matops.core.learning.training import EpochLog
from matops.core.learning.transfer import Ancestor
from matops.core.quality.card import (
    Card,
    DataChange,
    DataSummary,
    DomainSummary,
    Environment,
    OwnSplitSummary,
)
from matops.core.quality.gate import Gate, Measurement, Verdict, judge
from matops.core.quality.uncertainty import ConditionalCoverage, Conformal

MODULI = (
    Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0),
    Target("G_VRH", "GPa", "shear modulus", "log10", lower=0.0),
)
ENERGY = (Target("energy", "eV/atom", "energy of formation"),)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
LOG = TrainingLog(
    "key",
    "cpu",
    tuple(EpochLog(m, e, 1 / (1 + e)) for m in range(2) for e in range(4)),
    tuple(LearningPoint(n, {"K_VRH": n**-0.5, "G_VRH": 0.1, "energy": 0.2}) for n in (50, 100)),
)


def make_rows(targets: tuple[Target, ...], n: int = 24) -> pd.DataFrame:
    random = np.random.default_rng(1)
    tables = []
    for target in targets:
        truth = random.normal(2, 0.3, n)
        mean = truth + random.normal(0, 0.05, n)
        columns = {"truth": truth, "predicted": mean, "lower": mean - 0.1, "upper": mean + 0.1}
        values = {name: target.from_scale(scaled) for name, scaled in columns.items()}
        identity = {"id": [f"row{i:03d}" for i in range(n)], "group": "MgO", "target": target.name}
        domain = {"domain_score": random.uniform(0, 1.3, n), "out_of_domain": np.arange(n) == 3}
        tables.append(pd.DataFrame(identity | values | domain))
    return pd.concat(tables, ignore_index=True)


def make_card(targets: tuple[Target, ...] = MODULI, limit: float = 0.06) -> Card:
    measured = {"latency.p95": Measurement(17.3, "ms", rows=32)}
    for t in targets:
        measured[f"{t.name}.mae"] = Measurement(0.0412, t.scaled_unit, 0.0333, 0.0555, 24)
        measured[f"{t.name}.r2"] = Measurement(0.876, "1", 0.765, 0.912, 24)
        measured[f"{t.name}.coverage"] = Measurement(0.917, "1", 0.73, 0.99, 24)
    gates = [
        Gate(f"{t.name} error", f"{t.name}.mae", "<=", limit, t.scaled_unit, "a paper, 2020")
        for t in targets
    ]
    gates.append(Gate("speed", "latency.p95", "<=", 250.0, "ms", "interactive use"))
    each = tuple(0.01 for _ in targets)
    return Card(
        schema_version=1,
        family="demo",
        version="abc123def456",
        created="2026-01-02T03:04:05+00:00",
        targets=targets,
        derived=(),
        data=DataSummary(
            "feed.dir",
            {"train": 2400, "test": 24},
            {"train": 90, "test": 5},
            {"simulation, LAMMPS": 2424},
            ("CC BY 4.0",),
        ),
        configuration={"training": {"epochs": 123}},
        environment=Environment("0.1.0", "c0ffee", "3.11.9", "2.5", "Linux", "cpu"),
        calibration=Conformal(0.9, each, tuple((q,) for q in each), rows=58, groups=31),
        domain=DomainSummary(("Mg", "O"), 1.5, 1 / 24, {t.name: 0.4 for t in targets}),
        measurements=measured,
        verdict=judge(gates, measured),
        champion="",
        lineage=(),
        files={"weights.safetensors": "00ff"},
    )


def render(card: Card, rows: pd.DataFrame | None = None, log: TrainingLog = LOG) -> str:
    rows = make_rows(card.targets) if rows is None else rows
    return render_report(card, rows, log, "A demo family", "A. Author, J. Demo 1, 2 (2020)")


@pytest.fixture(scope="module")
def default_html() -> str:
    return render(make_card())


class Page(HTMLParser):
    """Tags, attributes and visible text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def assert_harmless(html: str) -> None:
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "img", "base", "form"}
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_page_loads_nothing_from_anywhere(default_html: str) -> None:
    html = default_html
    assert_harmless(html)
    targets = re.findall(r'(?:src|href|action|data)\s*=\s*"([^"]*)"', html)
    targets += re.findall(r"url\(([^)]*)\)", html)
    assert all(target.startswith(("#", "data:")) for target in targets)
    assert "@import" not in html
    assert "@font-face" not in html


def test_every_measurement_gate_and_unit_is_shown(default_html: str) -> None:
    card, text = make_card(), Page(default_html).text
    for result in card.verdict.results:
        gate = result.gate
        for word in (gate.name, gate.metric, gate.unit, gate.source, format_limit(gate.limit)):
            assert word in text
    for measurement in card.measurements.values():
        for number in (measurement.value, measurement.low, measurement.high):
            assert format_number(number) in text
        assert measurement.unit in text


def test_header_data_configuration_and_environment_are_shown(default_html: str) -> None:
    text = Page(default_html).text
    for word in ("A demo family", "abc123def456", "feed.dir", "2026-01-02 03:04:05 UTC", "2,400"):
        assert word in text
    for word in ("simulation, LAMMPS", "CC BY 4.0", '"epochs": 123', "c0ffee", "A. Author"):
        assert word in text


def test_starts_are_shown_nearest_first_with_mode_and_data(default_html: str) -> None:
    starts = (
        Ancestor("near12", "data-2", "gradual", disjoint_data=True),
        Ancestor("far34", "data-1", "whole", disjoint_data=False),
    )
    text = Page(render(replace(make_card(), lineage=starts))).text
    said = "near12 (gradual; data data-2 , said to share no group) far34 (whole; data data-1 )"
    assert f"Started from, nearest first {said}" in text
    assert "Started from" not in Page(default_html).text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (DataChange("old.dir", 1200, 0), "(1,200 rows added since)"),
        (DataChange("old.dir", 7, 3), "(7 rows added since, 3 removed)"),
        (DataChange("old.dir", 0, 0), "(the same rows)"),
        (DataChange("old.dir", None, None), "(can't be had any more; rows since then"),
    ],
)
def test_old_and_new_data_are_in_the_first_section(change: DataChange, said: str) -> None:
    card = replace(make_card(), champion="oldmodel", since_champion=change)
    first = Page(render(card).split('id="gates"')[0]).text
    assert "Dataset version feed.dir" in first
    assert "Compared with oldmodel" in first
    assert f"Data of that model old.dir {said}" in first


def test_accepted_and_rejected_can_not_be_confused(default_html: str) -> None:
    accepted, rejected = Page(default_html).text, Page(render(make_card(limit=0.01))).text
    assert "✓ ACCEPTED" in accepted
    assert "REJECTED" not in accepted
    assert "FAIL" not in accepted
    assert "✗ REJECTED" in rejected
    assert "ACCEPTED" not in rejected
    assert "2 of 3 gates do not hold: K_VRH error, G_VRH error." in rejected
    assert rejected.count("✗ FAIL") == 2


def test_gate_without_measurement_says_so() -> None:
    gate = Gate("symmetry", "physics.swap", "<=", 1e-5, "1", "rule")
    card = replace(make_card(ENERGY), verdict=judge([gate], {}))
    assert "physics.swap was not measured" in Page(render(card)).text


def test_model_without_gates_is_shown_as_rejected() -> None:
    text = Page(render(replace(make_card(ENERGY), verdict=Verdict(False, ())))).text
    assert "✗ REJECTED" in text
    assert explain_verdict(Verdict(False, ())) in text


def test_hostile_names_are_text_wherever_they_come_from() -> None:
    target = Target(HOSTILE, HOSTILE, HOSTILE)
    card = make_card((target,))
    card = replace(
        card,
        family=HOSTILE,
        data=replace(card.data, sources={HOSTILE: 1}, licences=(HOSTILE,), version=HOSTILE),
        configuration={HOSTILE: HOSTILE},
        domain=replace(card.domain, tokens=(HOSTILE,)),
        champion=HOSTILE,
        since_champion=DataChange(HOSTILE, 1, 1),
        lineage=(Ancestor(HOSTILE, HOSTILE, "head", disjoint_data=False),),
        files={HOSTILE: HOSTILE},
    )
    rows = make_rows((target,)).assign(id=HOSTILE, group=HOSTILE)
    html = render_report(card, rows, LOG, HOSTILE, HOSTILE)
    assert_harmless(html)
    assert unescape(html).count(HOSTILE) > 30


def test_one_target_on_the_identity_scale_has_no_factors_of_error() -> None:
    html = render(make_card(ENERGY))
    text = Page(html).text
    assert "eV/atom" in text
    assert "a factor of" not in text
    assert html.count("<figure>") == 4 + 2


def test_two_log_targets_have_their_own_figures_and_factors(default_html: str) -> None:
    assert default_html.count("<figure>") == 2 * 4 + 2
    assert "a factor of 1.1" in Page(default_html).text


def test_empty_logs_leave_no_empty_figures() -> None:
    html = render(make_card(ENERGY), log=TrainingLog("key", "cpu", (), ()))
    assert html.count("<figure>") == 4
    assert "No learning curve was recorded" in html


def test_predictions_that_are_not_finite_do_not_stop_the_report() -> None:
    rows = make_rows(MODULI[:1])
    rows.loc[5, ["predicted", "lower", "upper"]] = np.nan
    rows.loc[6, "upper"] = np.inf
    assert worst_rows(MODULI[0], rows)[0]["id"] == "row005"
    assert "not finite" in Page(render(make_card(MODULI[:1]), rows)).text


def test_worst_rows_are_ordered_by_error_on_the_learning_scale() -> None:
    found = worst_rows(MODULI[1], make_rows(MODULI))
    sizes = [abs(float(str(row["error"]))) for row in found]
    assert len(found) == 10
    assert sizes == sorted(sizes, reverse=True)
    assert {row["target"] for row in found} == {"G_VRH"}


def test_worst_rows_say_where_they_are_from_and_lead_to_their_record() -> None:
    """Only the worst are shown whole, a large sample is cut, and what is in it stays text."""
    card, rows = make_card(MODULI[:1]), make_rows(MODULI[:1])
    rows = rows.assign(source="files", origin=[f"crystals.json: row {i}" for i in range(len(rows))])
    stated = Provenance("files", "crystals.json: row 1", "VASP", "PBE", "2024-01-02", "CC BY 4.0")
    sample = {"cif": HOSTILE + 5000 * "x"}
    records = [Record(name, "MgO", sample, {"K_VRH": 1.0}, stated) for name in rows["id"]]
    html = render_report(card, rows, LOG, "A demo family", "", records)
    assert_harmless(html)
    page = Page(html)
    links = {
        a["href"] for tag, a in page.tags if tag == "a" and str(a.get("href"))[:8] == "#record-"
    }
    shown = {f"#{a['id']}" for tag, a in page.tags if tag == "details" and "id" in a}
    worst = worst_rows(MODULI[0], rows)
    assert links == shown == {f"#record-{row['id']}" for row in worst}
    assert len(links) == 10
    assert all(str(row["origin"]) in page.text for row in worst)
    assert "VASP, PBE, 2024-01-02; licence CC BY 4.0" in page.text
    assert 10 * 4100 > html.count("x" * 1000) * 1000 > 10 * 2900


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        (0.05, "does not rank them: rank correlation 0.0500"),
        (0.31, "ranks them here"),
        (-0.31, "correlation −0.310"),
        (None, ""),
    ],
)
def test_page_says_whether_the_domain_score_ranks_the_errors(
    correlation: float | None, said: str
) -> None:
    assert said in explain_domain(correlation)
    assert (explain_domain(correlation) == "") == (correlation is None)
    assert explain_domain(float("nan")) == ""


def test_doubtful_and_refused_records_are_counted_and_named_with_a_link() -> None:
    card, stated = make_card(MODULI[:1]), Provenance("files", "crystals.json: row 77")
    record = Record("0a" * 10, "NaCl", {"cif": "data_x"}, {"K_VRH": 1.0}, stated)
    reason = "Poisson's ratio is unusual: 0.490"
    refused = (Quarantined(f"file.json: {HOSTILE}", "K_VRH = -3 GPa is not physical"),)
    doubtful = Doubtful(((record, reason),), {"Poisson's ratio is unusual": 1}, 1234, refused)
    rows = make_rows(MODULI[:1])
    html = render_report(card, rows, LOG, "A demo family", "", [record], doubtful=doubtful)
    assert_harmless(html)
    page = Page(html)
    assert "1 of the 2,424 records are doubtful" in page.text
    assert reason in page.text
    assert "1,234 refused records" in page.text
    assert "K_VRH = -3 GPa is not physical" in page.text
    link = f"record-{record.id}"
    assert ("a", f"#{link}") in [(tag, a.get("href")) for tag, a in page.tags]
    assert ("details", link) in [(tag, a.get("id")) for tag, a in page.tags]
    assert "Nobody looked for doubtful records" in Page(render(card)).text


def test_coverage_is_shown_by_class_and_a_class_that_lacks_it_is_marked() -> None:
    good = Measurement(0.9, "1", 0.82, 0.95, 40)
    low = Measurement(0.6, "1", 0.42, 0.75, 40)
    by_class = {"K_VRH": ConditionalCoverage((low, good), (good,))}
    text = Page(render(replace(make_card(MODULI[:1]), coverage_by_part=by_class))).text
    first = "1 of 2 0.600 ✗ low [0.420, 0.750]"
    assert f"K_VRH by predicted value Coverage 95 % CI Rows {first}" in text
    assert "2 of 2 0.900 [0.820, 0.950] 40" in text
    assert "K_VRH by spread Coverage 95 % CI Rows 1 of 1 0.900" in text


def test_gate_on_what_chance_allows_names_what_was_found_beside_it() -> None:
    card = make_card(MODULI[:1])
    gate = Gate("cover", "K_VRH.coverage_high", ">=", 0.9, "1", "a promise")
    measured = {**card.measurements, "K_VRH.coverage_high": Measurement(0.958, "1", rows=24)}
    text = Page(render(replace(card, measurements=measured, verdict=judge([gate], measured)))).text
    assert "0.958 found 0.917; judged is the end that chance allows" in text


def test_report_is_the_same_text_each_time(default_html: str) -> None:
    assert render(make_card()) == default_html


def test_report_on_many_rows_is_small() -> None:
    assert len(render(make_card(ENERGY), make_rows(ENERGY, 400)).encode()) < 500_000


def test_learning_curve_sentence_gives_the_fall_per_doubling() -> None:
    curve = [LearningPoint(n, {"K_VRH": n**-0.5, "G_VRH": 0.1}) for n in (50, 100, 200)]
    said = explain_learning_curve(curve, MODULI[:1])
    assert "−29% for K_VRH" in said
    assert "should still help" in said
    assert "would hardly help" in explain_learning_curve(curve, MODULI[1:])
    assert "help some targets" in explain_learning_curve(curve, MODULI)
    assert "nothing can be said" in explain_learning_curve(curve[:1], MODULI)


@pytest.mark.parametrize("torn", [0, 3])
def test_page_says_whose_split_it_was_and_whether_it_leaks(torn: int) -> None:
    card = make_card()
    own = OwnSplitSummary("split.csv", "0123456789abcdef", torn)
    page = render(replace(card, data=replace(card.data, own_split=own)))
    assert "split.csv, SHA-256 0123456789ab." in page
    assert ("3 groups have rows in several parts" in page) == bool(torn)
    assert ("Rows of one group are never on two sides" in page) == (not torn)
