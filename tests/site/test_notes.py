"""Notes beside fields, and on the lines above them, are on the site like docstrings."""

from pathlib import Path

from griffe import load, load_extensions

from devtools.site.notes import Notes

SOURCE = '''
class Window:
    """A window of time."""

    since: float  # begin, s
    until: float = 1.0
    # samples by category,
    # as in elements
    unseen: dict[str, float] = field(
        default_factory=dict
    )
    steps: int = 2  # noqa: S101
    """Not a note."""

not_a_field = 1  # why
'''


def test_each_field_has_its_own_note(tmp_path: Path) -> None:
    (tmp_path / "window.py").write_text(SOURCE)
    module = load("window", search_paths=[tmp_path], extensions=load_extensions(Notes()))
    window = module["Window"]
    assert window.docstring.value == (
        "A window of time.\n\nAttributes:\n"
        "    since: begin, s\n    unseen: samples by category, as in elements"
    )
    assert window["steps"].docstring.value == "Not a note."
    assert window["until"].docstring is None
    assert module["not_a_field"].docstring is None


def test_a_docstring_that_lists_its_fields_stays_as_it_is(tmp_path: Path) -> None:
    listed = '"""A window.\n\n    Attributes:\n        since: begin, s.\n    """'
    (tmp_path / "listed.py").write_text(f"class Window:\n    {listed}\n    since: float  # other\n")
    module = load("listed", search_paths=[tmp_path], extensions=load_extensions(Notes()))
    assert "other" not in module["Window"].docstring.value
