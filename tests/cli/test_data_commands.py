"""`gman-search data check`, `convert` and `fetch`."""

import hashlib
import http.server
import json
import threading

import numpy as np
import pandas as pd
import pytest

from gman_search.data import fetch as fetching
from gman_search.data.fetch import PublicSet, fetch
from gman_search.data.read import read_series
from gman_search.errors import DataError, UsageError


def refused(process, code, *words):
    assert process.returncode == code, process.stderr
    assert len(process.stderr.strip().splitlines()) == 1 and process.stderr.startswith("gman-search: "), process.stderr
    assert process.stdout == "" and all(word in process.stderr for word in words), process.stderr


def test_check_takes_files_in_any_order(command_line, network, tmp_path):
    graph = tmp_path / "graph.csv"
    graph.write_text("from,to,cost\ns0,s1,300\ns1,s2,500\ns2,s3,900\n")
    text = command_line("data", "check", graph, network / "speed.csv", cwd=tmp_path)
    assert text.returncode == 0, text.stderr
    lines = text.stdout.splitlines()
    assert max(len(line) for line in lines if ".csv" not in line) <= 80
    assert lines[0].startswith("graph: ") and "4 sensors, 336 steps of 60 min" in text.stdout
    assert "T = 24 times of day" in text.stdout and "test" in text.stdout
    process = command_line("data", "check", network / "speed.csv", graph, "--json", cwd=tmp_path)
    document = json.loads(process.stdout)
    # A list of neighbours keeps all its links.
    assert document["schema"] == "gman-search/data-check/1" and document["graph"]["edges"] == 3
    assert [row["kind"] for row in document["files"]] == ["readings", "graph"]
    assert list(tmp_path.iterdir()) == [graph]


def test_check_of_the_bundled_demo_and_of_a_specification(command_line, network, tmp_path):
    demo = json.loads(command_line("data", "check", "--json", cwd=tmp_path).stdout)
    assert demo["sensors"] == 18 and demo["embedding"] == "spectral"
    (tmp_path / "mine.toml").write_text(
        f'budget = "guide"\n[data]\nreadings = "{network / "speed.csv"}"\nhorizon = 6\n'
    )
    mine = json.loads(command_line("data", "check", "--spec", "mine.toml", "--json", cwd=tmp_path).stdout)
    assert (mine["Q"], mine["budget"], mine["embedding"]) == (6, "guide", "position")


def test_check_says_how_hard_the_network_is_without_its_test_part(command_line, network, tmp_path):
    process = command_line("data", "check", network / "speed.csv", "--json", cwd=tmp_path)
    document = json.loads(process.stdout)
    found = document["baselines"]
    assert list(found) == ["persistence", "historical average", "linear regression"], process.stderr
    assert all(set(row["steps"]) == {"3", "6", "12"} and row["mean"] > 0 for row in found.values())
    # Persistence's mean over steps is its error on the validation part, where no target is missing.
    assert found["persistence"]["mean"] == pytest.approx(document["split"]["parts"]["val"]["persistence_mae"], rel=0.05)
    text = command_line("data", "check", network / "speed.csv", cwd=tmp_path).stdout
    assert "how hard is this network? MAE on the validation part, mph" in text
    assert f"{found['linear regression']['steps']['12']:.2f}" in text
    table = pd.read_csv(network / "speed.csv", index_col=0)
    table.iloc[-40:] = 33  # of the last fifth
    table.to_csv(tmp_path / "other.csv")
    other = json.loads(command_line("data", "check", "other.csv", "--json", cwd=tmp_path).stdout)
    assert other["baselines"] == found


def test_check_takes_holidays(command_line, network, tmp_path):
    known = command_line("data", "check", network / "speed.csv", "--holidays", "US-CA", "--json", cwd=tmp_path)
    assert known.returncode == 0, known.stderr
    refused(command_line("data", "check", network / "speed.csv", "--holidays", "US-ZZ", cwd=tmp_path), 2, "part of US")
    setting = ("--set", "data.holidays=XQ")
    refused(command_line("data", "check", network / "speed.csv", *setting, cwd=tmp_path), 2, "country", "'XQ'")


def test_check_refuses_what_a_run_would(command_line, network, tmp_path):
    refused(command_line("data", "check", "none.csv", cwd=tmp_path), 3, "no such file")
    refused(command_line("data", "check", network / "speed.csv", network / "speed.csv", cwd=tmp_path), 2, "one file")
    refused(
        command_line("data", "check", network / "graph.csv", cwd=tmp_path), 3, "file of readings", "graph.csv (graph)"
    )


def test_check_of_a_file_never_reports_on_the_demo(command_line, tmp_path):
    wave = np.random.default_rng(0).integers(20, 60, (24 * 14, 3)) + 0.5
    for name in ("bare.csv", "other.csv"):
        np.savetxt(tmp_path / name, wave, delimiter=",", fmt="%.1f")
    refused(command_line("data", "check", "bare.csv", cwd=tmp_path), 3, "file of readings", "bare.csv (graph)")
    clock = ("--start", "2025-03-03", "--step", "60min")
    process = command_line("data", "check", "bare.csv", *clock, "--json", cwd=tmp_path)
    document = json.loads(process.stdout)
    assert document["sensors"] == 3 and document["files"] == [{"file": "bare.csv", "kind": "readings"}], process.stderr
    refused(command_line("data", "check", "bare.csv", "other.csv", *clock, cwd=tmp_path), 2, "one file of readings")
    (tmp_path / "named.csv").write_text("a,b,c,d\n" + "\n".join("1.5,2,3,4" for _ in range(24 * 14)))
    (tmp_path / "links.csv").write_text("0,1,300\n1,2,400\n2,3,100\n")
    process = command_line("data", "check", "named.csv", "links.csv", *clock, "--json", cwd=tmp_path)
    assert [row["kind"] for row in json.loads(process.stdout)["files"]] == ["readings", "graph"], process.stderr


def test_convert_goes_round_and_needs_no_more_flags(command_line, tmp_path):
    data = np.random.default_rng(0).uniform(1, 60, (50, 3, 3))
    np.savez(tmp_path / "PEMS04.npz", data=data)
    flags = ["--channel", "speed", "--start", "2018-01-01", "--step", "5min"]
    process = command_line("data", "convert", "PEMS04.npz", "speed.npz", *flags, "--json", cwd=tmp_path)
    assert json.loads(process.stdout)["steps"] == 50, process.stderr
    np.testing.assert_allclose(read_series(tmp_path / "speed.npz").values, data[:, :, 2], rtol=1e-6)
    refused(command_line("data", "convert", "PEMS04.npz", "speed.txt", cwd=tmp_path), 2, ".npz")
    refused(command_line("data", "convert", "speed.npz", "speed.npz", cwd=tmp_path), 2, "twice")
    refused(command_line("data", "convert", "speed.npz", "none/speed.npz", cwd=tmp_path), 2, "written")


def test_convert_takes_settings_that_say_how_the_file_is_read(command_line, tmp_path):
    rows = "".join(f"2025-03-03T{hour:02d}:00:00Z;{hour}.{hour:03d};99999\n" for hour in range(10, 14))
    (tmp_path / "flow.csv").write_text(f"time;a;b\n{rows}2025-03-03T14:00:00Z;14.014;5\n")
    settings = ["--set", "data.timezone=Europe/Berlin", "--set", "data.decimal=,", "--set", "data.missing_codes=99999"]
    process = command_line("data", "convert", "flow.csv", "flow.npz", *settings, cwd=tmp_path)
    assert process.returncode == 0 and "4 readings are 99999" in process.stdout, process.stderr
    series = read_series(tmp_path / "flow.npz")
    assert series.values.tolist() == [[10010, 0], [11011, 0], [12012, 0], [13013, 0], [14014, 5]]
    assert str(series.times[0]) == "2025-03-03T11:00"
    refused(command_line("data", "convert", "flow.csv", "flow.npz", cwd=tmp_path), 3, "data.")
    refused(command_line("data", "convert", "flow.csv", "a.npz", "--set", "data.zone=x", cwd=tmp_path), 2, "data.zone")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """(address of a folder served on loopback, the folder); metr-la there is 40 steps of 3 sensors."""
    folder = tmp_path / "site"
    folder.mkdir()
    values = np.random.default_rng(0).uniform(20, 60, (40, 3))
    index = pd.date_range("2012-03-01", periods=40, freq="5min")
    pd.DataFrame(values, index=index, columns=list("abc")).to_hdf(folder / "metr-la.h5", key="df", mode="w")
    monkeypatch.setitem(fetching.PUBLIC, "metr-la", PublicSet("metr-la.h5", 40, 3))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", folder
    server.shutdown()
    server.server_close()


def test_fetch_checks_and_keeps(site, tmp_path):
    address, folder = site
    right = hashlib.sha256((folder / "metr-la.h5").read_bytes()).hexdigest()
    told = []
    target = tmp_path / "data" / "metr-la.h5"
    assert fetch("metr-la", address, target, sha256=right, say=told.append)[0] == right
    assert target.read_bytes() == (folder / "metr-la.h5").read_bytes() and "MB" in told[-1]
    (folder / "metr-la.h5.sha256").write_text(f"{right}  metr-la.h5\n")
    fetch("metr-la", address + "metr-la.h5", tmp_path / "again.h5", sha256=None, say=told.append)
    assert (tmp_path / "again.h5").is_file()


def test_fetch_keeps_nothing_that_is_wrong(site, tmp_path, monkeypatch):
    address, folder = site
    right = hashlib.sha256((folder / "metr-la.h5").read_bytes()).hexdigest()
    target = tmp_path / "data" / "metr-la.h5"

    def call(name="metr-la", address=address, sha256=right):
        return fetch(name, address, target, sha256=sha256, say=lambda text: None)

    for arguments, error, told in [
        ({"sha256": "0" * 64}, DataError, "expected a file of SHA-256 000"), ({"sha256": "abc"}, UsageError, "64 hexadecimal"),
        ({"sha256": None}, UsageError, "--sha256"), ({"name": "moon"}, UsageError, "metr-la or pems-bay"),
        ({"address": "file:///etc/passwd"}, UsageError, "https"), ({"address": address + "none.h5"}, DataError, "404"),
        ({"address": "http://127.0.0.1:9/x"}, DataError, "refused"), ({"address": "http://[::1/x"}, UsageError, "https://host"),
        ({"address": "http://127.0.0.1:port/x"}, DataError, "nonnumeric port"),
    ]:  # fmt: skip
        with pytest.raises(error, match=told):
            call(**arguments)
    monkeypatch.setitem(fetching.PUBLIC, "metr-la", PublicSet("metr-la.h5", 34272, 207))
    with pytest.raises(DataError, match="34272 steps of 207 sensors; received 40 of 3"):
        call()
    assert not target.exists() and not list(target.parent.glob("*.part"))


def test_fetch_to_where_nothing_can_be_written_blames_the_file(site, tmp_path):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "metr-la.h5"
    with pytest.raises(UsageError, match=f"can be written; {target}: "):
        fetch("metr-la", site[0], target, sha256="0" * 64, say=lambda text: None)


def test_a_number_of_sensors_that_is_none_is_taken_for_a_name(command_line, network, tmp_path):
    for flags in (["data", "check", network / "speed.csv"], ["data", "convert", network / "speed.csv", "x.npz"]):
        refused(command_line(*flags, "--sensors", "²", cwd=tmp_path), 3, "names of sensors in the file; received ²")


def test_fetch_from_the_command_line(command_line, site, tmp_path):
    address, _ = site
    process = command_line("data", "fetch", "metr-la", "--from", address, "--sha256", "0" * 64, cwd=tmp_path)
    assert (
        process.returncode == 3 and "expected a file of SHA-256" in process.stderr and "Traceback" not in process.stderr
    )
    refused(command_line("data", "fetch", "moon", "--from", address, cwd=tmp_path), 2, "metr-la or pems-bay")
