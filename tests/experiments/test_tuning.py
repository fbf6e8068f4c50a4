from dataclasses import dataclass

import pytest

from gnnseq.experiments import PalindromeTask, Tuning
from gnnseq.experiments.tuning import check_grid, check_validation, choose, extended

TASK = PalindromeTask(5)
GRID = (0.001, 0.01, 0.1)


def run(score, loss=1.0, status="done"):
    return {"status": status, "validation_score": score, "loss": loss}


def chosen(*runs, task=TASK):
    return choose(task, GRID, (7, 8), runs)


def test_the_best_mean_score_wins():
    found = chosen([run(0.9), run(0.1)], [run(0.6), run(0.7)], [run(0.2), run(0.3)])
    assert found.chosen == 0.01
    assert found.scores == pytest.approx((0.5, 0.65, 0.25))
    assert found.seeds == (7, 8)


def test_between_equal_scores_the_lower_loss_then_the_lower_rate():
    assert chosen([run(1.0, 0.3)], [run(1.0, 0.2)], [run(1.0, 0.4)]).chosen == 0.01
    assert chosen([run(1.0)], [run(1.0)], [run(1.0)]).chosen == 0.001


def test_a_rate_with_a_run_that_was_not_done_cannot_win():
    found = chosen([run(0.3), run(0.3)], [run(1.0), run(None, status="diverged")], [run(None, status="failed")])
    assert found.chosen == 0.001
    assert found.scores == (0.3, None, None)
    assert chosen(*[[run(None, status="diverged")]] * 3).chosen == 0.001


@pytest.mark.parametrize(
    ("scores", "grid"),
    [
        ((0.1, 0.2, 0.3), (0.001, 0.01, 0.1, 1.0)),
        ((0.3, 0.2, 0.1), (0.0001, *GRID)),
        ((0.1, 0.3, 0.2), GRID),
        ((0.1, 0.3, 0.3), GRID),
        ((0.3, 0.3, 0.1), GRID),
        ((0.3, None, None), (0.0001, *GRID)),
        ((None, None, None), GRID),
    ],
)
def test_a_grid_grows_where_the_best_stands_at_its_end(scores, grid):
    best = (
        max((score, -rate) for score, rate in zip(scores, GRID, strict=True) if score) if any(scores) else (0, -0.001)
    )
    assert extended(Tuning(GRID, scores, -best[1], (7,))) == grid


def test_one_rate_is_no_grid():
    assert extended(Tuning((0.01,), (0.3,), 0.01, (7,))) == (0.01,)


def test_errors_are_better_when_smaller():
    class Errors:
        higher_is_better = False

    assert chosen([run(0.3)], [run(0.1)], [run(0.2)], task=Errors()).chosen == 0.01


def test_plain_values():
    plain = Tuning(GRID, (0.5, None, 0.25), 0.001, (9,)).plain
    assert plain == {
        "grid": [0.001, 0.01, 0.1],
        "chosen": 0.001,
        "scores": {"0.001": 0.5, "0.01": None, "0.1": 0.25},
        "seeds": [9],
    }


def test_grids():
    assert check_grid([0.1, 0.001, 0.1]) == (0.001, 0.1)
    with pytest.raises(ValueError, match=r"grid is \[0\.1, -0\.01\], expected positive learning rates, not -0\.01"):
        check_grid([0.1, -0.01])
    with pytest.raises(ValueError, match=r"not nan"):
        check_grid([float("nan")])
    with pytest.raises(ValueError, match=r"grid is \[\]"):
        check_grid([])


def test_a_task_without_validation_data():
    @dataclass(frozen=True)
    class NoValidation(PalindromeTask):
        def batches(self, view, seed, split, *args, **kwargs):
            if split == "validation":
                raise ValueError("split is 'validation', expected train or test")
            return super().batches(view, seed, split, *args, **kwargs)

    check_validation(TASK)
    with pytest.raises(ValueError, match=r"palindromes of length 5 have no validation data.*split is 'validation'"):
        check_validation(NoValidation(5))
