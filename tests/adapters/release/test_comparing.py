"""Who may say that a request is none of a client's."""

from __future__ import annotations

import pytest

from matops.adapters.release.comparing import is_comparison

TOKEN = "5f" * 32


def test_only_who_has_the_token_compares() -> None:
    assert is_comparison(TOKEN.encode(), TOKEN)


@pytest.mark.parametrize(
    "header", [None, b"", b"1", b"5f" * 31, b"5f" * 33, TOKEN.upper().encode(), b"\xff\x00"]
)
def test_others_are_clients(header: bytes | None) -> None:
    assert not is_comparison(header, TOKEN)


@pytest.mark.parametrize("header", [None, b"", b"1"])
def test_a_server_without_a_token_believes_nobody(header: bytes | None) -> None:
    assert not is_comparison(header, "")
