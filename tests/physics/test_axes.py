"""Mean and anisotropy of a property along the axes."""

from __future__ import annotations

import numpy as np

from matops.physics.axes import mean_and_anisotropy


def test_alike_axes_have_no_anisotropy_and_one_alone_has_as_many_as_axes() -> None:
    mean, anisotropy = mean_and_anisotropy(np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 6.0]]))
    np.testing.assert_array_equal(mean, [2.0, 2.0])
    np.testing.assert_array_equal(anisotropy, [0.0, 3.0])


def test_what_carries_nothing_or_less_is_isotropic() -> None:
    mean, anisotropy = mean_and_anisotropy(np.array([[0.0, -1.0], [0.0, -2.0]]))
    np.testing.assert_array_equal(mean, [0.0, 0.0])
    np.testing.assert_array_equal(anisotropy, [0.0, 0.0])
