"""A user's own split at an address, on every S3 server there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devtools.object_store import BUCKET, ObjectStore
from matops.core.errors import BadInput
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.own_split import split_of, with_split
from matops.entrypoints.settings import read_settings
from tests.support.own_splits import check_went_by, turned_split
from tests.support.remotes import SERVERS, server_or_skip

if TYPE_CHECKING:
    from tests.conftest import Matops

FAMILY, NAME = "elastic_cgcnn", "splits/mine.json"
ADDRESS = f"s3://{BUCKET}/{NAME}"


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObjectStore]:
    with server_or_skip(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def put(
    server: ObjectStore, here: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str]], None]:
    """Puts a split at the address, which the settings of this process reach."""
    monkeypatch.setenv("MATOPS_S3_ENDPOINT", server.endpoint)
    read_settings.cache_clear()

    def put_split(by_id: dict[str, str]) -> None:
        content = json.dumps(by_id).encode()
        server.client().put_object(BUCKET, NAME, BytesIO(content), len(content))

    return put_split


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_a_whole_run_goes_by_a_split_at_an_address(
    put: Callable[[dict[str, str]], None],
    here: Path,
    matops: Matops,
    small_changes: Callable[..., list[str]],
) -> None:
    by_id = turned_split(here, *small_changes())
    put(by_id)
    arguments = ("--preset", "demo", *small_changes(), "--split", ADDRESS)
    done = matops(here, "run", "train_and_release", "-f", FAMILY, *arguments)
    assert done.status == 0, done
    (run,) = (here / "runs").iterdir()
    check_went_by(run, by_id, "mine.json")


def test_a_split_that_changed_at_its_address_is_refused(
    put: Callable[[dict[str, str]], None],
) -> None:
    put({"a": "train", "b": "test"})
    changes = with_split({}, ADDRESS)
    config = family_config(FAMILY, "demo", json.dumps(changes))[1].split
    split = split_of(config)
    assert split is not None
    assert dict(split.parts) == {"a": "train", "b": "test"}
    put({"a": "test", "b": "train"})
    with pytest.raises(BadInput, match=f"{ADDRESS}: its SHA-256 is .* it was changed"):
        split_of(config)


def test_an_address_without_a_split_is_named(put: Callable[[dict[str, str]], None]) -> None:
    with pytest.raises(BadInput, match=r"splits/none\.csv: no such") as refused:
        with_split({}, f"s3://{BUCKET}/splits/none.csv")
    assert "\n" not in str(refused.value)
