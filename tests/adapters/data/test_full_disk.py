"""A disk that really is full: a small file system in memory, where one may be mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.data.dataset import count_rows, record_ids
from matops.core.errors import BadInput
from tests.adapters.data.test_dvc_store import METALS, ids, records
from tests.support.remotes import Remote

SIZE_BYTES = 4 << 20
PAGE_BYTES = 4096
NEW = 200
"""Records more at each try: their part is larger than a page."""
FREE_PAGES = (0, 4, 8, 12, 16, 20, 24, 32)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four mebibytes."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    place = tmp_path / "disk"
    place.mkdir()
    if mount is None or umount is None:
        pytest.skip("there is no mount here")
    options = ["-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(place)]
    if subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run([umount, "--lazy", str(place)], check=True)


def fill(disk: Path, free_pages: int) -> Path:
    """Leave so much room and no more; returns the file that takes the rest."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes((found.f_bavail - free_pages) * PAGE_BYTES))
    return filler


@pytest.mark.slow
def test_a_full_disk_costs_no_record_and_the_next_run_adds_the_rest(
    disk: Path, remote: Remote, tmp_path: Path
) -> None:
    store = DvcStore(disk / "workspace", remote.settings)
    store.append(METALS, records(1.0))
    offered: list[float] = []
    acknowledged, refusals = {1.0}, []
    for free_pages in FREE_PAGES:
        offered += [float(len(offered) + number) for number in range(2, 2 + NEW)]
        filler = fill(disk, free_pages)
        try:
            store.append(METALS, records(*offered))
            acknowledged |= set(offered)
        except BadInput as error:
            refusals.append(str(error))
        filler.unlink()
        reader = DvcStore(tmp_path / f"reader {free_pages}", remote.settings)
        reader.workspace.mkdir()
        shutil.copyfile(store.pointer, reader.pointer)
        found = reader.checkout(METALS)
        assert found is not None
        assert record_ids(found.directory) >= ids(records(*acknowledged))
    assert any("database or disk is full" in said for said in refusals)
    assert any("No space left on device" in said for said in refusals)
    assert not any("\n" in said for said in refusals)
    last = store.append(METALS, records(*offered))
    assert record_ids(last.directory) == ids(records(1.0, *offered))
    assert count_rows(last.directory) == 1 + len(offered)
