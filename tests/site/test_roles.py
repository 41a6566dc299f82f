"""Docstrings with Sphinx roles become Markdown."""

from __future__ import annotations

from devtools.site.roles import without_roles


def test_a_role_is_a_link_that_may_lead_nowhere() -> None:
    assert without_roles("See :func:`matops.judge`.") == (
        "See <autoref optional identifier='matops.judge'><code>matops.judge</code></autoref>."
    )


def test_a_tilde_shows_the_last_name_only() -> None:
    assert "<code>judge</code>" in without_roles(":meth:`~matops.core.judge`")


def test_literals_have_one_backtick_and_fences_keep_three() -> None:
    assert without_roles("``--json``\n```python\nx\n```") == "`--json`\n```python\nx\n```"
