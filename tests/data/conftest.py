"""What readers refuse."""

import pytest


@pytest.fixture
def refused():
    """refused(call) -> the message of the DataError it must raise; in one line."""
    from gman_search.errors import DataError

    def told(call) -> str:
        with pytest.raises(DataError) as refusal:
            call()
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    return told
