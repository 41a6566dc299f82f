"""The token of this machine's deployments: one for all, and nobody else's to read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from matops.adapters.local.comparison_token import TOKEN, kept_token


def test_all_who_ask_first_at_once_get_the_same_one(tmp_path: Path) -> None:
    root = tmp_path / "not" / "there"
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(kept_token, [root] * 32))
    assert made == {kept_token(root)}
    assert len(made.pop()) == 64


def test_only_the_owner_reads_it_and_deployments_elsewhere_have_another(tmp_path: Path) -> None:
    tokens = {kept_token(tmp_path / name) for name in ("one", "other")}
    assert len(tokens) == 2
    assert (tmp_path / "one" / TOKEN).stat().st_mode & 0o777 == 0o600
