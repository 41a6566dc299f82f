"""Signatures: a package that somebody changed, signed with another key or not at all is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matops.artifacts.model.package import CARD, WEIGHTS, load_checked
from matops.artifacts.model.signature import SIGNATURE, Signer, Trust, sign, verify
from matops.core.errors import BadInput
from tests.support.signing_keys import make_keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, Trust]:
    return make_keys(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture
def signed(package: Path, keys: tuple[Signer, Trust]) -> Path:
    sign(package, keys[0])
    return package


def refusal(package: Path, trust: Trust) -> str:
    with pytest.raises(BadInput) as caught:
        verify(package, trust)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_signed_package_is_trusted_and_loads(signed: Path, keys: tuple[Signer, Trust]) -> None:
    verify(signed, keys[1])
    assert load_checked(signed).model_version


def test_a_copy_elsewhere_is_trusted_too(
    signed: Path, keys: tuple[Signer, Trust], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(signed, tmp_path / "models" / "another-name"))
    verify(copy, keys[1])


def test_signing_again_replaces_the_signature(signed: Path, keys: tuple[Signer, Trust]) -> None:
    sign(signed, keys[0])
    verify(signed, keys[1])


def test_what_nobody_signed_is_refused(package: Path, keys: tuple[Signer, Trust]) -> None:
    assert refusal(package, keys[1]) == (
        f"{package}: not signed, and only signed packages are trusted here"
    )


def test_what_another_key_signed_is_refused(
    package: Path, keys: tuple[Signer, Trust], tmp_path: Path
) -> None:
    theirs, _ = make_keys(tmp_path, "theirs")
    sign(package, theirs)
    assert "not signed by whom we trust" in refusal(package, keys[1])


@pytest.mark.parametrize("file", [CARD, WEIGHTS, "golden.json"])
def test_a_changed_file_is_refused(signed: Path, keys: tuple[Signer, Trust], file: str) -> None:
    content = bytearray((signed / file).read_bytes())
    content[len(content) // 2] ^= 1
    (signed / file).write_bytes(content)
    assert refusal(signed, keys[1]) == f"{signed}: its files are not those that were signed"


def test_a_verdict_written_anew_is_refused(signed: Path, keys: tuple[Signer, Trust]) -> None:
    card = json.loads((signed / CARD).read_text())
    card["verdict"]["results"] = card["verdict"]["results"][:1]
    (signed / CARD).write_text(json.dumps(card))
    assert "not those that were signed" in refusal(signed, keys[1])


def test_a_file_that_came_later_is_refused(signed: Path, keys: tuple[Signer, Trust]) -> None:
    (signed / "weights.pkl").write_bytes(b"later")
    assert "not those that were signed" in refusal(signed, keys[1])


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"verificationMaterial": {}}'])
def test_a_torn_or_forged_signature_is_refused(
    signed: Path, keys: tuple[Signer, Trust], text: str
) -> None:
    (signed / SIGNATURE).write_text(text)
    assert "not signed by whom we trust" in refusal(signed, keys[1])


def test_a_signature_of_another_package_is_refused(
    signed: Path, keys: tuple[Signer, Trust], tmp_path: Path
) -> None:
    other = Path(shutil.copytree(signed, tmp_path / "other"))
    (other / "golden.json").write_text("{}")
    sign(other, keys[0])
    shutil.copy(other / SIGNATURE, signed / SIGNATURE)
    assert "not those that were signed" in refusal(signed, keys[1])


def test_a_huge_signature_is_not_read(signed: Path, keys: tuple[Signer, Trust]) -> None:
    (signed / SIGNATURE).write_bytes(b" " * (2**20 + 1))
    assert "no signature" in refusal(signed, keys[1])


@pytest.mark.parametrize("content", [b"", b"no key", None])
def test_a_file_that_is_no_key_is_named(
    package: Path, tmp_path: Path, content: bytes | None
) -> None:
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(BadInput, match=r"key\.pem: not a private key to sign with"):
        sign(package, Signer(key))
    with pytest.raises(BadInput, match=r"key\.pem: not a public key to trust"):
        verify(package, Trust(key))
    assert not (package / SIGNATURE).exists()


def test_the_tool_of_the_standard_agrees(
    signed: Path, keys: tuple[Signer, Trust], tmp_path: Path
) -> None:
    tool = [str(Path(sys.executable).parent / "model_signing")]
    where = ["--signature", str(signed / SIGNATURE)]
    key = ["--public_key", str(keys[1].public_key)]
    checked = subprocess.run([*tool, "verify", "key", str(signed), *where, *key], check=False)
    assert checked.returncode == 0
    private = ["--private_key", str(keys[0].private_key)]
    subprocess.run([*tool, "sign", "key", str(signed), *where, *private], check=True)
    verify(signed, keys[1])
