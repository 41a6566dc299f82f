"""The Materials Project: mp-api against a local server of the service's shape, faults included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from matops.adapters.data.materials_project import MaterialsProject
from matops.artifacts.data.dataset import read_records
from matops.core.data.database import DatabaseEntry, DatabaseQuery
from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.families import get_family
from matops.families.elastic_cgcnn.config import ElasticConfig, MaterialsProjectConfig
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.materials_project import elasticity_query
from matops.processes.retry import RetryPolicy
from matops.steps.data.database import read_database
from tests.support.materials_project_server import DB_VERSION, KEY, Service, running

if TYPE_CHECKING:
    from tests.conftest import Matops

FAMILY = "elastic_cgcnn"
METALS = {"mp-30": ("Cu", 3.62, 138.0, 54.0), "mp-81": ("Au", 4.17, 137.0, 20.0)}
METALS |= {"mp-124": ("Ag", 4.16, 90.0, 26.0), "mp-23": ("Ni", 3.48, 198.0, 96.0)}
QUERY = elasticity_query(MaterialsProjectConfig())
HASTY = RetryPolicy(attempts=3, pause_s=0.01)
TIMEOUT_S = 1


def document(name: str, symbol: str, a_A: float, K: float, G: float, **more: Any) -> dict[str, Any]:
    """A document of the elasticity collection; its structure is the primitive cell."""
    edges = a_A / 2 * (1 - np.eye(3))
    return {
        "material_id": name,
        "structure": Structure(Lattice(edges), [symbol], [[0, 0, 0]]).as_dict(),
        "bulk_modulus": {"voigt": K + 1, "reuss": K - 1, "vrh": K},
        "shear_modulus": {"voigt": G + 2, "reuss": G - 2, "vrh": G},
        "state": "successful",
        "deprecated": False,
        "warnings": [],
    } | more


def bad_documents() -> dict[str, tuple[dict[str, Any], str]]:
    gold = ("Au", 4.17, 137.0, 20.0)
    broken = {"lattice": {"matrix": [[1, 0, 0]]}, "sites": []}
    return {
        "mp-901": (document("mp-901", *gold, deprecated=True), "deprecated"),
        "mp-902": (document("mp-902", *gold, state="failed"), "not successful"),
        "mp-903": (document("mp-903", *gold, shear_modulus=None), "no modulus: G_VRH"),
        "mp-904": (document("mp-904", *gold, structure=None), "no conventional cell"),
        "mp-905": (document("mp-905", *gold, structure=broken), "no conventional cell"),
    }


@pytest.fixture
def service() -> Iterator[Service]:
    with running(Service()) as running_service:
        for name, row in METALS.items():
            running_service.documents[name] = document(name, *row)
            running_service.listed[name] = {"elements": [row[0]], "nsites": 1}
        yield running_service


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def entries(
    service: Service, kept: Path, query: DatabaseQuery | None = None, page_size: int = 2
) -> list[DatabaseEntry]:
    database = MaterialsProject(KEY, service.url, kept, HASTY, TIMEOUT_S, page_size)
    return list(database.entries(query or QUERY, lambda *_: None))


def named(found: list[DatabaseEntry]) -> dict[str, DatabaseEntry]:
    return {entry.provenance.origin.split(": ")[1]: entry for entry in found}


def ingested(service: Service, kept: Path) -> dict[str, Record | Quarantined]:
    """What the family makes of each material, by its name."""
    database = MaterialsProject(KEY, service.url, kept, HASTY, TIMEOUT_S)
    items = list(read_database(get_family(FAMILY), ElasticConfig(), database, _silent))
    origins = [i.origin if isinstance(i, Quarantined) else i.provenance.origin for i in items]
    return {origin.split(": ")[1]: item for origin, item in zip(origins, items, strict=True)}


def refusal(service: Service, kept: Path, key: str = KEY) -> str:
    with pytest.raises(BadInput) as caught:
        list(MaterialsProject(key, service.url, kept, HASTY, 1).entries(QUERY, _silent))
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def _silent(*_: object) -> None:
    pass


def test_entries_have_the_conventional_cell_the_averages_and_the_databases_version(
    service: Service, kept: Path
) -> None:
    found = ingested(service, kept)
    assert set(found) == set(METALS)
    for name, (symbol, a_A, K, G) in METALS.items():
        crystal = parse_crystal(found[name].payload)
        assert crystal.symbols == [symbol] * 4
        assert crystal.volume_A3 == pytest.approx(a_A**3)
        assert found[name].targets == {"K_VRH": K, "G_VRH": G}
    said = found["mp-81"].provenance
    assert said.origin == f"Materials Project {DB_VERSION}: mp-81"
    assert (said.source, said.licence) == ("materials-project", "CC-BY-4.0")
    assert DB_VERSION not in said.method, "a label that two versions share is one record"


def test_what_the_database_calls_unusable_is_refused_with_its_reason(
    service: Service, kept: Path
) -> None:
    for name, (bad, _) in bad_documents().items():
        service.documents[name] = bad
    for name in (*bad_documents(), "mp-906"):
        service.listed[name] = {"elements": ["Au"], "nsites": 1}
    found = ingested(service, kept)
    assert {name for name, item in found.items() if isinstance(item, Record)} == set(METALS)
    for name, (_, reason) in bad_documents().items():
        assert reason in found[name].reason
    assert "lists the material without one" in found["mp-906"].reason


def test_a_query_narrows_what_is_asked_for(service: Service, kept: Path) -> None:
    service.listed["mp-81"]["nsites"] = 9
    copper, small = replace(QUERY, elements=("Cu",)), replace(QUERY, max_sites=8)
    assert set(named(entries(service, kept, copper))) == {"mp-30"}
    assert "mp-81" not in named(entries(service, kept, small))
    assert service.asked_for("summary")[0]["elements"] == "Cu"


def test_another_family_asks_for_documents_of_its_own(service: Service, kept: Path) -> None:
    """The adapter knows no property: it asks for what the query names, and hands it on as it is."""
    for row in METALS:
        service.documents[row] |= {"weighted_surface_energy": 1.5}
    query = DatabaseQuery(
        "surface_properties", ("weighted_surface_energy",), ("surface_properties",)
    )
    found = named(entries(service, kept, query))
    assert found["mp-30"].document == {"material_id": "mp-30", "weighted_surface_energy": 1.5}
    assert found["mp-30"].provenance.method == "DFT, surface_properties of the Materials Project"
    assert service.asked_for("summary")[0]["has_props"] == "surface_properties"
    assert service.asked_for("surface_properties")


def test_long_lists_come_in_pages(service: Service, kept: Path) -> None:
    for number in range(2300):
        service.listed[f"mp-{10_000 + number}"] = {"elements": ["Cu"], "nsites": 1}
    found = entries(service, kept, page_size=500)
    assert len(named(found)) == len(found) == 2304
    assert sum(bool(entry.document) for entry in found) == len(METALS)
    assert [page.get("_skip", "0") for page in service.asked_for("summary")] == [
        "0",
        "1000",
        "2000",
    ]
    assert len(service.asked_for("elasticity")) == 5


@pytest.mark.parametrize("fault", ["500", "502", "503", "429", "half", "cut"])
def test_a_passing_fault_is_waited_out(service: Service, kept: Path, fault: str) -> None:
    service.faults += [(path, fault) for path in ("heartbeat", "summary", "elasticity")]
    assert set(named(entries(service, kept))) == set(METALS)
    assert not service.faults


def test_a_silent_server_is_not_waited_for_for_ever(service: Service, kept: Path) -> None:
    service.faults += [("heartbeat", "silence"), ("elasticity", "silence")]
    assert set(named(entries(service, kept))) == set(METALS)


@pytest.mark.parametrize("path", ["heartbeat", "summary", "elasticity"])
def test_a_lasting_fault_is_one_line_that_names_it(service: Service, kept: Path, path: str) -> None:
    service.faults += [(path, "500")] * 40
    message = refusal(service, kept)
    assert "HTTP 500" in message
    assert "the same command goes on from there" in message


def test_an_interrupted_download_goes_on_where_it_stopped(service: Service, kept: Path) -> None:
    database = MaterialsProject(KEY, service.url, kept, HASTY, TIMEOUT_S, 1)
    begun = database.entries(QUERY, _silent)
    first = [next(begun), next(begun)]
    begun.close()
    assert len(service.asked_for("elasticity")) == 2
    service.asked.clear()
    again = entries(service, kept, page_size=1)
    assert again[:2] == first
    assert len(again) == len(METALS)
    assert len(service.asked_for("elasticity")) == 2
    assert not service.asked_for("summary")


def test_a_page_that_was_cut_while_being_written_is_fetched_anew(
    service: Service, kept: Path
) -> None:
    entries(service, kept, page_size=2)
    (page, *_) = sorted(kept.rglob("page-*.json"))
    page.rename(page.with_suffix(".unfinished"))
    page.with_suffix(".unfinished").write_text("[{")
    assert set(named(entries(service, kept, page_size=2))) == set(METALS)


def test_a_refused_key_is_one_line(service: Service, kept: Path) -> None:
    assert refusal(service, kept, "x" * 32) == "the Materials Project refuses MP_API_KEY (HTTP 403)"
    service.faults += [("summary", "401")]
    assert refusal(service, kept) == "the Materials Project refuses MP_API_KEY (HTTP 401)"
    assert len(service.asked_for("summary")) == 2, "asking again would not help"


@pytest.mark.parametrize(("key", "said"), [("", "is not set"), ("short", "has 5 characters")])
def test_a_key_that_can_be_none_is_refused_before_anything_is_asked(
    service: Service, kept: Path, key: str, said: str
) -> None:
    assert f"MP_API_KEY {said}" in refusal(service, kept, key)
    assert not service.asked


def test_without_a_network_there_is_one_line(kept: Path) -> None:
    with running(Service()) as gone:
        pass
    assert "gives no usable answer" in refusal(gone, kept)


def test_the_command_ingests_counts_what_it_left_out_and_knows_it_again(
    service: Service, matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.listed["mp-902"] = {"elements": ["Au"], "nsites": 1}
    service.documents["mp-902"] = bad_documents()["mp-902"][0]
    monkeypatch.setenv("MP_API_ENDPOINT", service.url)
    monkeypatch.setenv("MP_API_KEY", KEY)
    ingest = ("ingest", FAMILY, "--source", "materials-project", "--json")
    done = matops(tmp_path / "w", *ingest)
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert (report["added"], len(report["quarantined"])) == (4, 1)
    assert "1 calculation not successful" in done.err
    family = get_family(FAMILY)
    records = list(read_records(tmp_path / "w/data" / FAMILY, family.targets))
    assert {record.group for record in records} == {"Cu", "Au", "Ag", "Ni"}
    assert all(DB_VERSION in record.provenance.origin for record in records)
    again = json.loads(matops(tmp_path / "w", *ingest).out)
    assert (again["added"], again["repeated"]) == (0, 4)


def test_the_command_without_a_key_and_for_a_family_that_takes_none_says_so_in_one_line(
    service: Service, matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_ENDPOINT", service.url)
    monkeypatch.delenv("MP_API_KEY", raising=False)
    lines = []
    for name in (FAMILY, "nanoporous_cnn3d"):
        done = matops(tmp_path / "w", "ingest", name, "--source", "materials-project")
        assert done.status == 2
        lines += done.err.strip().splitlines()[-1:]
    assert lines[0] == (
        "matops: MP_API_KEY is not set: the Materials Project answers only with a key"
    )
    assert lines[1].startswith("matops: nanoporous_cnn3d takes nothing from a database")
    assert not service.asked
