import pytest
from comparison import make_record, make_records, make_regression
from matplotlib.image import imread

from gnnseq.plots.comparison.accuracy import plot_accuracy
from gnnseq.plots.comparison.cost import plot_cost
from gnnseq.plots.comparison.learning import plot_learning
from gnnseq.plots.comparison.reach import plot_reach

ONE_TASK = (plot_accuracy, plot_learning)
SEVERAL = (plot_cost, plot_reach)


@pytest.mark.parametrize("plot", ONE_TASK + SEVERAL)
def test_a_figure_from_records_alone(plot, tmp_path):
    path = plot(make_records(seeds=2, sizes=(5, 20)), tmp_path / "new" / "figure.png")
    assert imread(path).std() > 0.01
    assert [p.name for p in path.parent.iterdir()] == ["figure.png"]


@pytest.mark.parametrize("plot", ONE_TASK + SEVERAL)
def test_one_seed_one_size_and_errors_instead_of_accuracy(plot, tmp_path):
    assert imread(plot(make_regression(1), tmp_path / "figure.png")).std() > 0.01


@pytest.mark.parametrize("plot", SEVERAL)
def test_several_tasks_in_one_figure(plot, tmp_path):
    assert imread(plot(make_records(1, (5,)) + make_regression(1), tmp_path / "figure.png")).std() > 0.01


@pytest.mark.parametrize("plot", ONE_TASK)
def test_several_tasks_where_one_is_expected(plot, tmp_path):
    with pytest.raises(ValueError, match="records are of the tasks adding, palindromes, expected one"):
        plot(make_records(1, (5,)) + make_regression(1), tmp_path / "figure.png")


@pytest.mark.parametrize("plot", ONE_TASK + SEVERAL)
@pytest.mark.parametrize("records", [[], [make_record(status="failed") | {"score": None}]])
def test_nothing_to_draw(plot, records, tmp_path):
    with pytest.raises(ValueError, match="records hold no finished trial"):
        plot(records, tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("plot", "missing"),
    [
        (plot_learning, {"curve": None}),
        (plot_reach, {"hops_required": None}),
        (plot_cost, dict.fromkeys(["ms_per_step", "weights", "peak_memory_mb", "samples_to_threshold"])),
    ],
)
def test_records_without_what_a_figure_shows(plot, missing, tmp_path):
    with pytest.raises(ValueError, match="records hold no "):
        plot([make_record(**missing)], tmp_path / "figure.png")


def test_models_can_be_named_by_a_setting(tmp_path):
    fast = make_record(trial={"seed": 0, "learning_rate": 0.1})
    with pytest.raises(ValueError, match="two runs of LSTM"):
        plot_cost([make_record(), fast], tmp_path / "figure.png")
    plot_cost([make_record(), fast], tmp_path / "figure.png", lambda r: str(r["trial"]["learning_rate"]))
