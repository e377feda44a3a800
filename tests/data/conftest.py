"""Files for readers."""

import pytest


@pytest.fixture
def write(tmp_path):
    """write(text or bytes, name) -> path of a file with that content."""

    def written(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        return path

    return written


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
