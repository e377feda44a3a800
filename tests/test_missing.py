"""What a missing reading is."""

import numpy as np

from gman_search.missing import is_observed


def test_zero_nan_and_infinity_are_missing():
    readings = np.array([[0.0, 1.0, np.nan], [np.inf, -0.0, 61.5]])
    np.testing.assert_array_equal(is_observed(readings), [[False, True, False], [False, False, True]])
    assert is_observed(np.array([0, 3])).tolist() == [False, True]
