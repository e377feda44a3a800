"""`run --dry-run`: the plan, estimated or by a few steps of every stage, and nothing left behind."""

import json
import os

import pytest

from gman_search.api.budget_planner import time_to_plan


@pytest.fixture
def dry_run(command_line, network, tiny, tmp_path):
    def call(*more):
        data = ("--data", network / "speed.csv", "--adjacency", network / "graph.csv")
        return command_line("run", *data, "--trials", "8", "--dry-run", *tiny, *more, cwd=tmp_path)

    return call


def test_the_plan_adds_up(dry_run, tmp_path):
    plan = json.loads(dry_run("--json").stdout)
    assert [row["configs"] for row in plan["stages"]] == [8, 4, 2]
    assert [row["epochs"] for row in plan["stages"]] == [16, 8, 4]
    for row in plan["stages"]:
        assert row["seconds"] == pytest.approx(row["configs"] * row["seconds_of_one"] + row["compile_seconds"])
    # One worker waits for nobody.
    outside, ending = plan["outside_seconds"], plan["final_test_seconds"]
    assert plan["seconds"] == pytest.approx(sum(row["seconds"] for row in plan["stages"]) + outside)
    assert plan["wall_seconds"] == pytest.approx(plan["seconds"] + ending) and outside > 0 and ending > 0
    assert (plan["workers"], plan["threads"], plan["measured"]) == (1, os.cpu_count(), False)
    assert not list(tmp_path.iterdir())


def test_more_workers_take_more_of_their_time_and_less_of_yours(dry_run):
    long = ("--json", "--set", "search.threads=1", "--set", "stages.quick.max_epochs=900")
    one, two = (json.loads(dry_run(*long, "--workers", workers).stdout) for workers in (1, 2))
    assert two["seconds"] > one["seconds"]  # each compiles
    assert (two["wall_seconds"] < one["wall_seconds"]) is (os.cpu_count() > 1)


def test_a_few_steps_of_every_stage_are_timed_by_all_workers(dry_run, tmp_path):
    process = dry_run("--measure", "--json", "--workers", "2")
    assert process.returncode == 0, process.stderr
    plan = json.loads(process.stdout)
    assert plan["measured"] and all(row["seconds_of_one"] > 0 for row in plan["stages"])
    # Building a graph takes longer than six small steps of it, on any machine.
    assert all(row["compile_seconds"] > row["seconds_of_one"] for row in plan["stages"])
    assert not list(tmp_path.iterdir()) and "a few steps" in process.stderr


def test_it_says_in_words_what_the_time_rests_on(dry_run):
    text = dry_run().stdout
    assert "estimated for CPUs" in text and "about" in text and "1 worker of" in text


def test_as_many_trials_as_fit_into_the_hours(dry_run):
    def planned(*more):
        process = dry_run("--json", "--set", "stages.quick.max_epochs=200", *more)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout), process.stderr

    plan, told = planned("--trials", "fit", "--hours", "0.2")
    assert f"{plan['trials']} configs fit into 0.2 hours" in told and "estimated for CPUs" in told
    assert 0.85 * time_to_plan(0.2, 0.0) < plan["wall_seconds"] <= time_to_plan(0.2, 0.0)
    # With a number of the user's, hours only end the search: less is planned for what is outside the stages.
    named, _ = planned("--trials", plan["trials"], "--hours", "0.2")
    assert named["outside_seconds"] / named["seconds"] < plan["outside_seconds"] / plan["seconds"]


def test_a_search_that_the_hours_will_cut_says_so(dry_run):
    text = " ".join(dry_run("--trials", "50", "--hours", "0.002").stdout.split())
    assert "--hours ends it after 7 s: with shorter final trainings, or fewer configs" in text
    assert "--hours ends it" not in dry_run("--trials", "50", "--hours", "1000").stdout


def test_many_short_trainings_are_advised_against(dry_run):
    given = ("--trials", "fit", "--hours", "2", "--budget", "laptop")
    assert "longer ones may use the time better" in dry_run(*given).stderr
    assert not dry_run(*given, "--quiet").stderr


def test_hours_alone_plan_configs_and_longer_trainings(command_line, network, tmp_path):
    def plan(*given):
        words = ("--data", network / "speed.csv", "--dry-run", "--json", "--workers", "1")
        process = command_line("run", *words, *given, cwd=tmp_path)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout), process.stderr

    night, told = plan("--hours", "8")
    assert "times as many steps as with --budget laptop" in told
    evening, _ = plan("--hours", "1")
    short, _ = plan("--hours", "8", "--budget", "laptop")
    longer = [
        row["seconds_of_one"] / less["seconds_of_one"]
        for row, less in zip(night["stages"], short["stages"], strict=True)
    ]
    assert min(longer) > 1.5 and evening["trials"] < night["trials"] < short["trials"]
    assert 0.85 * time_to_plan(8, 0.0) < night["wall_seconds"] <= time_to_plan(8, 0.0)


@pytest.mark.parametrize("way", ["estimated", "timed"])
def test_the_searches_that_were_measured_would_have_been_late_by_a_tenth_of_their_hours_at_most(repository, way):
    rows = json.loads((repository / "benchmarks/results/estimate.json").read_text())["rows"]
    wall = [row for row in rows if row["what"] == "wall"]
    assert len(wall) == 2
    for row in wall:
        seconds = row[way] - time_to_plan(0.0, 0.0)  # into which this plan just fits
        assert row["measured"] <= 1.1 * seconds, row


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fit"], "--hours"),
        (["fit", "--hours", "0"], "--hours above 0"),
        (["fit", "--hours", "inf"], "less than or equal to 87600"),
        (["fit", "--hours", "0.0001"], "one config through all stages"),
        (["fit", "--hours", "1", "--set", "trials=3"], "received both"),
        (["few"], "a whole number or `fit`"),
        (["-1"], "a whole number or `fit`"),
    ],
)
def test_trials_that_cannot_be_reckoned_are_refused(dry_run, arguments, told):
    process = dry_run("--trials", *arguments)
    assert process.returncode == 2 and told in process.stderr and "Traceback" not in process.stderr


@pytest.mark.parametrize("more", [["--measure"], ["--measure", "--dry-run", "--engine", "ray"]])
def test_measuring_needs_a_dry_run_of_this_machine(command_line, network, tmp_path, more):
    process = command_line("run", "--data", network / "speed.csv", *more, cwd=tmp_path)
    assert process.returncode == 2 and process.stderr.count("\n") == 1 and "expected --measure with" in process.stderr
    assert not list(tmp_path.iterdir())


def test_workers_beyond_the_cores_do_not_help_here_but_on_a_cluster(dry_run):
    many = ("--workers", "500", "--set", "stages.quick.max_epochs=900", "--trials", "500")
    here, away = dry_run(*many).stdout, dry_run(*many, "--engine", "ray").stdout
    assert f"500 workers of 1 thread each on {os.cpu_count()} cores" in here and "cores" not in away
    here, away = (json.loads(dry_run(*many, "--json", *how).stdout) for how in ((), ("--engine", "ray")))
    assert here["wall_seconds"] > away["wall_seconds"]


def test_sizes_that_the_space_sets_are_those_that_are_reckoned_with(dry_run):
    small, large = (json.loads(dry_run("--json", *how).stdout) for how in ((), ("--set", "space.K=16")))
    assert large["stages"][0]["seconds_of_one"] > 1.5 * small["stages"][0]["seconds_of_one"]
    assert large["etas"] == small["etas"]


def test_holidays_are_known_before_anything_is_planned(dry_run):
    assert dry_run("--holidays", "US-CA", "--json").returncode == 0
    refused = dry_run("--holidays", "US-CAL")
    assert refused.returncode == 2 and "near it: US-CA" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
