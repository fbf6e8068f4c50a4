import pytest
from drawings import legend, levels, lines, points
from matplotlib.image import imread

from gnnseq.plots.studies.trees import plot_listops, plot_pairs, plot_sentiment
from gnnseq.plots.style import COLOURS


def listops_record(title, seed):
    looks = [[100 * (n + 1), 0.1 * (n + seed), 1.0] for n in range(3)]
    trial = {"validate_every": 100, "budget": 9000, "seed": seed}
    groups = {"by_length": {"20": [30, 40], "100": [1, 3]}, "by_depth": {"2": [5, 10], "10": [8, 40]}}
    task = {"chance": 0.15}
    return {"family": {"title": title}, "trial": trial, "looks": looks, "task": task, "status": "done", **groups}


def sentiment_record(title, classes, seed, epochs=3):
    looks = [[10 * (n + 1), 0.4 + 0.02 * n + 0.01 * seed, 1.0] for n in range(epochs)]
    task = {"size": classes}
    return {"family": {"title": title}, "task": task, "trial": {"seed": seed}, "looks": looks, "status": "done"}


def test_listops_in_training_and_by_length_and_depth(drawn):
    figure = drawn(plot_listops, [listops_record("tree", seed) for seed in (0, 1)])
    training, length, depth = figure.axes
    assert lines(training) == {"tree": ([100, 200, 300], [pytest.approx(v) for v in (5.0, 15.0, 25.0)])}
    assert points(length.get_lines()[0]) == ([20], [75.0])  # 6 expressions of length 100 are too few
    assert points(depth.get_lines()[0]) == ([2, 10], [50.0, 20.0])  # 20 over both seeds are enough
    assert [levels(axes) for axes in figure.axes] == [[15.0]] * 3
    assert length.get_xticks().tolist() == [20, 100]
    assert figure._suptitle.get_text() == "ListOps: about 9,000 weights each, mean of 2 seeds"


def test_pairs_are_titled_by_what_was_trained_on(drawn):
    task = {"title": "logical inference, longer than 6", "higher_is_better": True, "chance": 0.5}
    title = drawn(plot_pairs, [listops_record("tree", 0) | {"task": task}]).get_suptitle()
    assert title == "Logical inference, trained on up to 6 operators: mean of 1 seed"


def test_a_listops_run_that_diverged_counts_as_a_guess_from_there_on(drawn):
    lost = listops_record("tree", 1) | {"status": "diverged", "looks": [[100, 0.35, 1.0]]}
    del lost["by_length"], lost["by_depth"]
    training, length, _ = drawn(plot_listops, [listops_record("tree", 0), lost]).axes
    assert lines(training)["tree"][1] == pytest.approx([17.5, 12.5, 17.5])
    assert points(length.get_lines()[0]) == ([20], [pytest.approx(100 * (30 + 6) / 80)])


def test_a_family_has_its_own_colour(drawn):
    lstm = listops_record("LSTM on the symbols", 0)
    lstm["family"]["name"] = "lstm"
    training, *_ = drawn(plot_listops, [listops_record("tree", 0), lstm]).axes
    assert [line.get_color() for line in training.get_lines()][1] == COLOURS[0]


def test_listops_models_share_a_legend(drawn):
    assert legend(drawn(plot_listops, [listops_record(title, 0) for title in ("tree", "row")])) == ["tree", "row"]


def test_sentiment_with_a_panel_for_each_task_seeds_and_mean(drawn):
    records = [sentiment_record("tree", classes, seed) for classes in (5, 2) for seed in (0, 1)]
    figure = drawn(plot_sentiment, records)
    five, two = figure.axes
    assert (five.get_title(), two.get_title()) == ("5 classes", "2 classes")
    assert lines(five) == {"tree": ([1, 2, 3], [pytest.approx(v) for v in (40.5, 42.5, 44.5)])}
    thin = [points(line) for line in five.get_lines() if line.get_linewidth() == 0.7]
    assert [y[0] for _, y in thin] == pytest.approx([40.0, 41.0])
    assert legend(figure) == ["tree"]


def test_a_single_seed_has_one_line_and_a_model_of_one_task_none_in_the_other(drawn):
    five, two = drawn(plot_sentiment, [sentiment_record("a", 5, 0), sentiment_record("b", 2, 0)]).axes
    assert {name: len(x) for name, (x, _) in lines(five).items()} == {"a": 3, "b": 0}
    assert {name: len(x) for name, (x, _) in lines(two).items()} == {"a": 0, "b": 3}
    assert len(five.get_lines()) == 2


def test_files_are_written(tmp_path):
    assert imread(plot_listops([listops_record("tree", 0)], tmp_path / "a.png")).std() > 0.01
    assert imread(plot_sentiment([sentiment_record("tree", 5, 0)], tmp_path / "b.png")).std() > 0.01


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="records is empty"):
        plot_listops([], tmp_path / "b.png")
    with pytest.raises(ValueError, match="records is empty"):
        plot_sentiment([], tmp_path / "b.png")
