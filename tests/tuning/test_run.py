"""What a run does before its workers start."""

import time

from gman_search.data.task import load_task
from gman_search.spec import StudySpec
from gman_search.tuning import run
from gman_search.tuning.factory import open_studies
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.search_study import Clock


def test_the_clock_of_a_run_that_was_killed_is_not_looked_at(tmp_path, monkeypatch):
    """A search of hours that was killed a minute ago must not close the one that resumes it."""
    monkeypatch.chdir(tmp_path)
    spec, folder = StudySpec(name="killed"), StudyFolder(tmp_path / "killed")
    folder.path.mkdir()
    studies = open_studies(folder.storage_url, spec, load_task(spec.data, tmp_path))
    studies.set_clock(Clock(search_until=time.time() - 90, until=time.time() - 60))
    assert studies.clock() is not None
    seen = []
    monkeypatch.setattr(run, "has_work", lambda studies: bool(seen.append(studies.clock())))
    run.run_search(spec, folder)
    assert seen == [None]
