"""Sections of a nanoporous metal."""

from collections.abc import Callable

import numpy as np

from matops.families.nanoporous_cnn3d.metal.picture import metal_views


def test_sections_are_those_across_the_three_axes(voxels: Callable) -> None:
    solid = np.zeros((48, 48, 48), dtype=bool)
    solid[:, :10, :20] = True
    sections = metal_views(voxels(solid))
    assert [view.title for view in sections] == ["across x", "across y", "across z"]
    assert [int(view.solid.sum()) for view in sections] == [10 * 20, 0, 48 * 10 * 0]
