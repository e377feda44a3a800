"""The replay of searches over recorded curves: on a synthetic table, every method trains each epoch once and learns."""

import math
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("optuna")
EPOCHS = 10


@pytest.fixture(scope="module")
def replay(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__("replay")
    sys.path.remove(str(repository / "benchmarks"))


@pytest.fixture(scope="module")
def curves(replay, tmp_path_factory):
    """24 configs, the first 8 with two seeds; the error grows with the distance of the learning rate from 0.003."""
    random, rows = np.random.default_rng(0), []
    for number, params in enumerate(replay.drawn_at_random(24, 1)):
        values = {name: float(params.get(name, 0.0)) for name in replay_params()}
        far = abs(math.log(values["learning_rate"] / 0.003))
        for seed in (0, 1) if number < 8 else (0,):
            for kind, level in zip(KINDS, (4.0, 3.6, 3.4, 3.7, 3.5), strict=True):
                luck = math.exp(random.normal(0, 0.005))
                for epoch in range(EPOCHS + 1):
                    mae = (level + 0.2 * far + math.exp(-epoch / 3)) * luck
                    own = {"task": "week", "config": number, "seed": seed, "stage": kind.split()[0], "kind": kind}
                    told = {"epoch": epoch, "steps": 24, "train": mae, "val": mae, "test": 1.1 * mae}
                    rows.append({**own, **values, **told, "seconds": 2.0 if kind == "quick" else 8.0})
    file = tmp_path_factory.mktemp("curves") / "curves.parquet"
    pd.DataFrame(rows).to_parquet(file)
    return file


CLOCK = {
    (stage, size): seconds
    for stage, seconds in (("quick", 2.0), ("medium", 8.0), ("full", 8.0))
    for size in (16, 32, 64)
}
KINDS = ("quick", "medium", "full", "medium cold", "full cold")


def replay_params():
    from replay_surface import PARAMS

    return PARAMS


@pytest.fixture(scope="module")
def surfaces(replay, curves):
    replay.TABLE, replay.read_clock = curves, lambda task: CLOCK
    return replay.surfaces_of("week")


def test_the_surface_foretells_left_out_configs_better_than_their_mean(surfaces):
    for surface in surfaces.values():
        assert surface.configs == 24 and surface.epochs == EPOCHS
        assert surface.errors["val"] < 0.6 * surface.errors["val_by_mean"]
        assert surface.errors["test"] < 0.6 * surface.errors["test_by_mean"]
        assert 0.001 < surface.noise < 0.02


def test_a_replay_counts_the_seconds_of_its_clock_and_not_the_recorded_ones(replay, curves):
    clock = {place: 3.0 + place[1] / 16 for place in CLOCK}
    for read in (replay.read_curves(curves, "week"), replay.read_curves(curves, "week", clock)):
        seconds, sizes = read["full"].seconds, np.array([params["batch_size"] for params in read["full"].params])
        assert (seconds[sizes == 64] == seconds[sizes == 64][0, 0]).all()
    assert (seconds[:, 0] == 3.0 + sizes / 16).all()
    with pytest.raises(KeyError):
        replay.read_curves(curves, "week", {("quick", 16): 1.0})


def test_a_replay_without_a_clock_says_what_makes_one(repository, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    import clock

    monkeypatch.setattr(clock, "RESULTS", tmp_path)
    with pytest.raises(SystemExit, match=r"clock-week\.json.*clock\.py --keep"):
        clock.read_clock("week")


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("methods, seconds, near", [("METHODS", 3000, 1.12), ("RULES", 1200, 1.2)])
def test_every_method_trains_each_epoch_once_and_ends_near_the_best(
    replay, surfaces, curves, methods, seconds, near, workers
):
    best = replay.best_known(replay.read_curves(curves, "week"), KINDS)
    for name, make in getattr(replay, methods).items():
        world = replay.World(surfaces, np.random.default_rng(0))
        trained, train = Counter(), world.train

        def counted(work, params, trained=trained, train=train):
            trained.update((work.config, work.kind, epoch) for epoch in range(work.first, work.last + 1))
            return train(work, params)

        world.train = counted
        course = replay.replayed(make(0, EPOCHS), world, workers=workers, limit=seconds / workers)
        assert set(trained.values()) == {1}, name
        assert course.seconds == sorted(course.seconds) and course.seconds[-1] <= seconds / workers, name
        # The higher stages of this table have lower errors, which who stays below cannot come near.
        assert course.test[-1] < (1.4 if name.endswith(("only", "at quick")) else near) * best, name


def test_the_cost_of_a_course_is_where_it_stays_below_the_target(replay):
    course = replay.Course(seconds=[1.0, 2.0, 3.0, 4.0], test=[5.0, 3.0, 4.0, 3.1])
    assert course.until(3.5) == 4.0 and course.until(4.5) == 2.0 and course.until(3.0) == math.inf
    assert course.at(2.5) == 3.0 and course.at(0.5) == math.inf


def test_fidelity_is_measured_with_its_noise_and_the_survival_of_the_best(replay, curves):
    from replay_fidelity import agreement, ladder_survival, noise

    read = replay.read_curves(curves, "week")
    told = agreement(read)
    assert told["quick-full"]["n"] == 24 and told["quick-full"]["spearman"] > 0.8
    assert told["quick-full"]["low"] < told["quick-full"]["spearman"] <= told["quick-full"]["high"]
    assert noise(read)["quick"]["pairs"] == 8 and 0 < noise(read)["quick"]["between_seeds"] < 0.1
    survival = ladder_survival(read, 4, configs=16, draws=200)
    assert 0 <= survival["medium"] <= survival["quick"] <= 1 and survival["quick"] > 0.5
    assert survival["one_of_five"] >= survival["medium"] and survival["lost_mph"] >= 0
    assert ladder_survival(read, 1, configs=16, draws=20) == {"quick": 1, "medium": 1, "one_of_five": 1, "lost_mph": 0}


def test_the_end_of_the_first_round_is_what_one_run_of_the_product_gives(replay, surfaces):
    course = replay.course_of("gman-search", surfaces, 1, 10000.0, 0)
    # 50 quick, 16 medium and 5 full evaluations of 10 epochs each, one after the other.
    assert course.one_run[0] == pytest.approx(10 * (50 * 2.0 + 16 * 8.0 + 5 * 8.0))
    assert course.one_run[1] == course.at(course.one_run[0])
    assert replay.course_of("random at full", surfaces, 1, 500.0, 0).one_run is None


def test_luck_is_inherited_and_shows_on_test_data(replay, surfaces):
    from replay_methods import Work

    world = replay.World(surfaces, np.random.default_rng(3))
    params = dict(replay.drawn_at_random(1, 5)[0])
    found = {}
    for config in range(200):
        for kind in KINDS[:3]:
            work = Work(config, kind, 1, EPOCHS)
            world.train(work, params)
            val, test = world.standing(work)
            assert val <= found.get((config, "last"), (math.inf, 0))[0]  # grown: never worse than its parent
            found[config, kind] = found[config, "last"] = val, test
    at_quick = np.array([found[config, "quick"] for config in range(200)])
    assert len(np.unique(at_quick[:, 0])) > 16
    assert np.corrcoef(at_quick.T)[0, 1] > 0.99  # this table's test MAE is 1.1 times its validation MAE


def test_what_is_drawn_is_distributed_as_what_was_recorded(replay, surfaces, curves):
    from replay_check import drawn_like_recorded

    told = drawn_like_recorded(surfaces, replay.read_curves(curves, "week"), draws=10)
    assert set(told) == set(KINDS)
    for row in told.values():
        assert row["drawn"] == sorted(row["drawn"])
        assert row["drawn"][2] == pytest.approx(row["recorded"][2], rel=0.03)


def test_the_best_drawn_are_not_better_than_the_best_recorded(surfaces, replay, curves):
    from replay_check import drawn_like_recorded

    for row in drawn_like_recorded(surfaces, replay.read_curves(curves, "week"), draws=10).values():
        assert row["drawn"][0] == pytest.approx(row["recorded"][0], rel=0.03)


def test_a_bend_maps_quantiles_and_keeps_the_order(replay):
    from replay_surface import Bend

    bend = Bend(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
    assert bend(np.array([1.0, 2.0, 4.0])).tolist() == [1.5, 2.0, 3.0]
    assert bend(np.array([0.0, 5.0])).tolist() == [0.5, 4.0]
    values = np.linspace(-1, 6, 50)
    assert (np.diff(bend(values)) > 0).all()


def test_what_hyperparameters_do_not_foretell_is_not_believed(replay, curves, surfaces):
    table = pd.read_parquet(curves)
    names = replay_params()
    others = np.random.default_rng(1).permutation(24)
    params = table.groupby("config")[list(names)].first().to_numpy()[others]  # every config with those of another one
    table[list(names)] = params[table["config"]]
    file = curves.with_name("shuffled.parquet")
    table.to_parquet(file)
    read = replay.read_curves(file, "week", CLOCK)["quick"]

    unseen = replay.drawn_at_random(50, 2)

    def spread(surface):
        """Of what is foretold for other configs."""
        return np.std([surface.curve(row)[0].min() for row in unseen])

    assert spread(replay.Surface(read)) < 0.5 * spread(surfaces["quick"])


def test_configs_that_searches_went_for_are_recorded_like_others_and_are_no_sample_of_the_space(replay, curves):
    import json

    from curves import planned
    from recorder import RANDOM_CONFIGS, SOUGHT, config

    rows = json.loads(SOUGHT.read_text())
    assert [row["number"] for row in rows] == list(range(RANDOM_CONFIGS, RANDOM_CONFIGS + len(rows)))
    for row in rows:
        assert config(row["number"]) == row["params"]
        stages = {task: [r.stage for r in planned(task) if r.config == row["number"]] for task in ("week", "demo")}
        assert stages.pop(row["task"]) == (["quick", "medium", "full"] if row["kind"] == "quick" else ["full"])
        assert list(stages.values()) == [[]]
    whole = replay.read_curves(curves, "week")["quick"]
    whole.configs[-1] = RANDOM_CONFIGS
    assert len(whole.at_random().val) == len(whole.at_random().params) == len(whole.val) - 1


def test_luck_has_the_recorded_marginals_and_ranks_and_stays_within_what_was_recorded(replay):
    from residuals import Luck

    random = np.random.default_rng(0)
    first = random.normal(size=80) ** 3  # heavy tails, and skewed in the second column
    left_over = np.stack([first, np.exp(first + 0.1 * random.normal(size=80)), random.exponential(size=80)], axis=1)
    luck = Luck(left_over)
    drawn = np.array([luck(random.normal(0, 80**-0.5, 80)) for _ in range(4000)])
    assert (drawn.min(axis=0) >= left_over.min(axis=0)).all() and (drawn.max(axis=0) <= left_over.max(axis=0)).all()
    inner = [0.1, 0.5, 0.9]
    scale = left_over.std(axis=0)
    assert (abs(np.quantile(drawn, inner, axis=0) - np.quantile(left_over, inner, axis=0)) < 0.1 * scale).all()
    ranks = pd.DataFrame(drawn).corr("spearman").to_numpy()
    assert ranks[0, 1] > 0.9 and abs(ranks[0, 2] - pd.DataFrame(left_over).corr("spearman").to_numpy()[0, 2]) < 0.1


def test_a_cold_full_model_shares_the_luck_of_its_quick_one_as_far_as_it_was_recorded(replay, curves):
    """Here another seed moves quick and cold full alike: the ranking of quick ones holds for cold full ones."""
    from replay_methods import Work

    table = pd.read_parquet(curves)
    luck = {run: np.random.default_rng(run).normal(0, 0.05) for run in set(zip(table["config"], table["seed"]))}  # noqa: B905
    table[["val", "test"]] *= np.exp([[luck[run]] for run in zip(table["config"], table["seed"], strict=True)])
    file = curves.with_name("alike.parquet")
    table.to_parquet(file)
    alike = {kind: replay.Surface(read) for kind, read in replay.read_curves(file, "week", CLOCK).items()}
    params, found = dict(replay.drawn_at_random(1, 5)[0]), {}
    for grown in (True, False):
        world = replay.World(alike, np.random.default_rng(3), grown=grown)
        ends = [[min(world.train(Work(n, kind, 1, EPOCHS), params)[0]) for kind in KINDS[::4]] for n in range(100)]
        found[grown] = np.corrcoef(np.transpose(ends))[0, 1]
    assert abs(found[True]) < 0.3 and found[False] > 0.8


def test_the_product_ranks_a_grown_model_by_its_start_too(replay):
    values = np.array([[4.0, 3.5]]), np.array([[5.0, 4.5]])
    told = {"seconds": values[0], "seeds": np.array([0]), "configs": np.array([7]), "params": [{}]}
    start = {better: np.array([[3.0 if better else 3.8, 4.2]]) for better in (True, False)}
    from replay_surface import Curves

    one, other = (Curves(val=values[0], test=values[1], start=start[better], **told) for better in (True, False))
    assert (one.best, one.test_at_best) == (3.0, 4.2) and (other.best, other.test_at_best) == (3.5, 4.5)


def test_the_tables_of_the_pages_are_what_is_kept(replay, repository):
    documents = replay.kept_documents()
    shown = {"searches.md": "\n".join([replay.goal(documents), *map(replay.tables, documents)])}
    for page, table in shown.items():
        text = (repository / "benchmarks" / page).read_text()
        missing = [line for line in table.splitlines() if line and line not in text]
        assert table and not missing, (
            f"write what `python benchmarks/replay.py --summary` prints into benchmarks/{page}"
        )


def test_the_table_of_the_sought_configs_is_what_is_kept(replay, repository):
    import json

    import incumbent_check

    rows = json.loads((repository / "benchmarks" / "results" / "incumbent-check.json").read_text())["rows"]
    assert incumbent_check.table(rows) in (repository / "benchmarks" / "searches.md").read_text()


def test_the_table_of_starts_is_what_is_kept(replay, repository):
    import replay_starts

    assert (
        replay_starts.table(replay_starts.kept_rows().values())
        in (repository / "benchmarks" / "searches.md").read_text()
    )


def test_the_summary_has_the_real_network_first_and_every_task(replay):
    told = replay.summary()
    assert told["task"] == "week" and {task["task"] for task in told["tasks"]} == {"week", "demo"}
    for task in (told, *told["tasks"]):
        assert {"spearman", "low", "high", "n"} <= task["rank_correlation"]["quick-full"].keys()
        for row in task["methods"]:
            assert {"name", "cost_to_1pct_median", "low", "high", "seeds"} <= row.keys()


def test_the_goal_of_the_replay_is_met_by_what_is_kept(replay):
    """Within 1 % of the best known at a fifth of the cost of TPE at full and half that of the best multi-fidelity peer."""
    for document in replay.kept_documents():
        rows = {row["name"]: row for row in document["methods"] if row["workers"] == 1}
        # Who is not there within the limit has spent it at least.
        cost = {name: row["cost_to_1pct_cold"]["median"] or row["limit_seconds"] for name, row in rows.items()}
        ours = rows["gman-search"]["cost_to_1pct_cold"]["median"]
        assert ours <= cost["Optuna TPE at full"] / 5
        peers = [name for name in rows if "Pruner" in name or name in replay.PEERS or name.startswith("KerasTuner")]
        assert len(peers) == 6
        assert all(ours <= cost[name] / 2 for name in peers)
