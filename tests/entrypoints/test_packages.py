"""Where a signer is named, every door for packages is closed to those of anybody else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.adapters.storage.package_directory import PackageDirectory
from matops.artifacts.model.package import CARD
from matops.artifacts.model.signature import Signer, sign, verify
from matops.core.errors import BadInput
from matops.families import get_family
from tests.support.cells import OCCUPIED, cubic_cell
from tests.support.signing_keys import make_keys

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"
Spoil = Callable[[Path, Signer, Path], str]
"""Makes a package one that is not to be trusted, and says how it is refused."""


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    """A key whose signatures alone this process trusts."""
    signer, trust = make_keys(tmp_path, "ours")
    monkeypatch.setenv("MATOPS_TRUSTED_KEY", str(trust.public_key))
    return signer


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "copper.cif"
    path.write_text(cubic_cell(2.87) + OCCUPIED + "Cu1 Cu 0 0 0 1\n")
    return path


@pytest.fixture
def package(released: Released, tmp_path: Path) -> Path:
    """A copy of a released package."""
    return Path(shutil.copytree(released.package, tmp_path / "package"))


def tampered(package: Path, signer: Signer, tmp_path: Path) -> str:
    sign(package, signer)
    card = json.loads((package / CARD).read_text())
    card["verdict"]["results"][0]["reason"] = "trust me"
    (package / CARD).write_text(json.dumps(card))
    return "its files are not those that were signed"


def unsigned(package: Path, signer: Signer, tmp_path: Path) -> str:
    return "not signed, and only signed packages are trusted here"


def wrongly_signed(package: Path, signer: Signer, tmp_path: Path) -> str:
    theirs, _ = make_keys(tmp_path, "theirs")
    sign(package, theirs)
    return "not signed by whom we trust"


@pytest.mark.parametrize("command", ["predict", "serve"])
@pytest.mark.parametrize("spoil", [tampered, unsigned, wrongly_signed])
def test_what_is_not_trusted_answers_nothing(
    command: str,
    spoil: Spoil,
    matops: Matops,
    package: Path,
    sample: Path,
    signer: Signer,
    tmp_path: Path,
) -> None:
    reason = spoil(package, signer, tmp_path)
    done = matops(tmp_path, command, package, *([sample] if command == "predict" else []))
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"matops: {package}: {reason}")


def test_a_signed_package_answers(
    matops: Matops, package: Path, sample: Path, signer: Signer, tmp_path: Path
) -> None:
    sign(package, signer)
    assert matops(tmp_path, "predict", package, sample).status == 0


@pytest.mark.parametrize("spoil", [tampered, unsigned, wrongly_signed])
def test_what_is_not_trusted_is_never_released(spoil: Spoil, package: Path, tmp_path: Path) -> None:
    signer, trust = make_keys(tmp_path, "ours")
    reason = spoil(package, signer, tmp_path)
    store = PackageDirectory(tmp_path / "models", trust=trust)
    with pytest.raises(BadInput, match=reason):
        store.publish(get_family(FAMILY), package)
    assert not (tmp_path / "models").exists()


def test_evaluation_signs_with_the_key_of_the_settings(
    matops: Matops, released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer, trust = make_keys(tmp_path, "ours")
    monkeypatch.setenv("MATOPS_SIGNING_KEY", str(signer.private_key))
    monkeypatch.setenv("MATOPS_TRUSTED_KEY", str(trust.public_key))
    shutil.copytree(released.workspace, tmp_path / "workspace")
    run = Path(shutil.copytree(released.run, tmp_path / "run"))
    shutil.rmtree(run / "evaluation")
    done = matops(tmp_path / "workspace", "evaluate", run, "--json")
    assert done.status == 0, done
    verify(run / "evaluation" / "package", trust)


def test_half_a_keyless_signer_is_refused(
    matops: Matops, package: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_TRUSTED_IDENTITY", "release@example.org")
    done = matops(tmp_path, "predict", package, sample)
    assert done.status == 2
    assert "MATOPS_TRUSTED_ISSUER name one signer together" in done.err
