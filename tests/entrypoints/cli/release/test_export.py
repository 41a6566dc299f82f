"""``matops export``: what it writes, and what it says where the data is missing."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from matops.artifacts.model.package import sha256
from tests.conftest import Matops, Released


def test_an_export_names_the_data_where_the_remote_has_it(
    matops: Matops, released: Released, tmp_path: Path
) -> None:
    out = tmp_path / "export"
    done = matops(released.workspace, "export", released.package, out, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out) == {
        "out": str(out),
        "files": ["README.md", "croissant.json", "package", "ro-crate-metadata.json"],
        "missing_data": "",
    }
    distribution = json.loads((out / "croissant.json").read_text())["distribution"]
    [part] = [file for file in distribution if file["@type"] == "cr:FileObject"]
    assert sha256(Path(url2pathname(urlparse(part["contentUrl"]).path))) == part["sha256"]
    text = (out / "README.md").read_text()
    assert "license: unknown" in text
    assert "Licence of the model: nobody has stated one" in text
    assert "Signature: not signed" in text

    again = matops(released.workspace, "export", released.package, out)
    assert (again.status, again.err) == (2, f"matops: {out}: not an empty directory\n")


def test_a_workspace_without_the_data_says_so_in_one_line(
    matops: Matops, released: Released, tmp_path: Path
) -> None:
    out = tmp_path / "export"
    done = matops(tmp_path / "other", "export", released.package, out)
    assert done.status == 0, done.err
    assert done.err.startswith("no croissant.json: ")
    assert done.err.count("\n") == 1
    assert done.out == f"{out}: README.md, package, ro-crate-metadata.json\n"
