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
    fields = module["Window"].attributes
    notes = {name: of.docstring.value if of.docstring else "" for name, of in fields.items()}
    assert notes == {
        "since": "begin, s",
        "until": "",
        "unseen": "samples by category, as in elements",
        "steps": "Not a note.",
    }
    assert module["not_a_field"].docstring is None
