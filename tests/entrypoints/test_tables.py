"""Tables of values beside their limits."""

from matops.entrypoints.tables import markdown_table


def test_cells_are_read_as_they_stand() -> None:
    table = markdown_table(("", "gate"), [("**FAIL**", "mae_log_k | `5 * 3`"), ("**a_b**", "")])
    assert table.splitlines() == [
        "|  | gate |",
        "| --- | --- |",
        r"| **FAIL** | mae\_log\_k \| \`5 \* 3\` |",
        r"| **a\_b** |  |",
    ]
