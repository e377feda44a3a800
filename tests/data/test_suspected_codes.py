"""Numbers that look like codes for missing readings."""

import numpy as np
import pytest

from gman_search.data.suspected_codes import suspected_codes

SPEEDS = np.random.default_rng(0).uniform(5, 80, (200, 3)).round(1)


def with_codes(*codes, values=SPEEDS):
    values = values.copy()
    for index, code in enumerate(codes):
        values[index * 10 : index * 10 + 6, index % 3] = code
    return values


@pytest.mark.parametrize(
    "codes", [(99999,), (9999,), (999,), (-1,), (-99, 999), (-1, 9999, 99999), (65535,), (255,), (255, 9999), ()]
)
def test_codes_are_found(codes):
    assert suspected_codes(with_codes(*codes)) == codes
    assert suspected_codes(np.where(SPEEDS > 79, np.nan, with_codes(*codes))) == codes


def test_large_readings_and_single_faults_are_no_codes():
    flows = np.random.default_rng(0).uniform(5, 1800, (400, 3)).round()
    flows[5:9] = 999
    assert suspected_codes(flows) == ()
    faulty = SPEEDS.copy()
    faulty[3, 1], faulty[7, 0] = 400.0, -3.7
    assert suspected_codes(faulty) == ()
    faulty[20:25, 2] = 9999
    assert suspected_codes(faulty) == (9999,)
    assert suspected_codes(np.zeros((5, 2))) == () and suspected_codes(np.full((5, 2), np.nan)) == ()
    assert suspected_codes(np.full((5, 2), 999.0)) == ()  # nothing to be far off from
