import pytest
from small_models import FAMILIES
from survival import sweep, training


def test_a_sweep_that_is_killed_at_random_moments_loses_nothing_and_repeats_nothing(tmp_path):
    for seed in range(5):  # a machine that has suddenly become quick may end it before it is killed
        folder = tmp_path / str(seed)
        folder.mkdir()
        words, deaths, good = sweep(folder, trials=30, kills=4, seed=seed)
        assert good, words
        if deaths:
            return
    pytest.fail(words)


@pytest.mark.parametrize("family", ["lstm", "gcrn"])
def test_a_training_that_is_killed_at_random_moments_ends_the_same(tmp_path, family):
    assert family in FAMILIES
    kills, same = training(tmp_path, family)
    assert kills >= 1
    assert same
