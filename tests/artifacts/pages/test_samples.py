"""Pictures of samples: shapes where they belong, and nothing that a name could smuggle in."""

import re

import numpy as np

from matops.artifacts.pages.plots.samples import draw_views
from matops.core.quality.picture import Disc, View


def test_discs_keep_place_order_and_colour_of_their_name() -> None:
    discs = (Disc(0.0, 1.0, 0.5, "Na"), Disc(2.0, 0.0, 0.7, "Cl"), Disc(2.0, 3.0, 0.5, "Na"))
    frame = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
    drawn = draw_views([View("along c", discs, frame)])
    found = re.findall(r'cx="(\S+)" cy="(\S+)" r="(\S+)" fill="(\S+)"', drawn)
    assert [circle[:3] for circle in found] == [
        ("0.00", "-1.00", "0.50"),
        ("2.00", "-0.00", "0.70"),
        ("2.00", "-3.00", "0.50"),
    ]
    assert found[0][3] == found[2][3] != found[1][3]
    assert 'viewBox="-0.60 -4.10 4.70' in drawn


def test_section_is_drawn_as_runs_of_solid() -> None:
    solid = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)
    drawn = draw_views([View("across x", solid=solid)])
    assert 'd="M0 0h2v1h-2zM2 1h1v1h-1z"' in drawn
    assert 'viewBox="0.00 0.00 3.00 2.00"' in drawn


def test_names_and_titles_are_text() -> None:
    hostile = "<script>x</script>"
    drawn = draw_views([View(hostile, (Disc(0, 0, 1, hostile),), ((0, 0), (1, 1)))])
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") == 2
    assert draw_views([]) == ""
