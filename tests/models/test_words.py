import pytest
import torch

from gnnseq.graphs import path_batch
from gnnseq.layers import LSTM
from gnnseq.models.words import EndsReadout, WordEmbedding


def test_words_that_are_hidden_become_the_unknown_word():
    words = WordEmbedding(4, 3, unknown=2, word_dropout=0.5)
    x = torch.tensor([0, 1, 2, 3, 4]).repeat(200)
    out = words(x)
    is_unknown = (out == words.table.weight[2]).all(-1)
    assert 0.4 < is_unknown[x == 0].double().mean() < 0.6
    assert is_unknown[x == 2].all()
    assert (out[x == 4] == 0).all()
    assert torch.equal(words.eval()(x), words.table(x))


def test_features_that_are_zeroed():
    words = WordEmbedding(4, 50, dropout=0.5)
    out = words(torch.zeros(40, dtype=torch.long))
    assert 0.4 < (out == 0).double().mean() < 0.6
    kept = words.table.weight[0].expand_as(out)[out != 0] / 0.5
    torch.testing.assert_close(out[out != 0], kept)


def test_given_vectors():
    words = WordEmbedding(3, 2)
    before = words.table.weight.detach().clone()
    words.set_vectors(torch.ones(3, 2), torch.tensor([False, True, False]))
    assert (words.table.weight[1] == 1).all()
    assert torch.equal(words.table.weight[[0, 2, 3]], before[[0, 2, 3]])
    with pytest.raises(ValueError, match=r"values has shape \[3, 4\], expected \[3, 2\]"):
        words.set_vectors(torch.ones(3, 4), torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"found is torch.int64 \[1\], expected torch.bool \[3\]"):
        words.set_vectors(torch.ones(3, 2), torch.tensor([1]))


def test_an_embedding_of_given_vectors():
    values, found = torch.tensor([[0.0, 0.0], [4.0, 8.0], [6.0, 2.0]]), torch.tensor([False, True, True])
    torch.manual_seed(0)
    words = WordEmbedding.from_vectors((values, found), dropout=0.5)
    assert torch.equal(words.table.weight[1:], torch.tensor([[4.0, 8.0], [6.0, 2.0], [0.0, 0.0]]))
    torch.manual_seed(0)
    drawn = torch.nn.Embedding(4, 2).weight[0]
    torch.testing.assert_close(words.table.weight[0], drawn * 5**0.5)
    assert words.table.weight.requires_grad
    assert words.dropout == 0.5
    frozen = WordEmbedding.from_vectors((values, found), frozen=True)
    assert not any(weight.requires_grad for weight in frozen.parameters())
    with pytest.raises(ValueError, match="found has no word, expected vectors of words in the vocabulary"):
        WordEmbedding.from_vectors((values, ~found & False))
    with pytest.raises(ValueError, match=r"values has shape \[3\], expected \[S, F\]"):
        WordEmbedding.from_vectors((values[:, 0], found))
    with pytest.raises(ValueError, match=r"found is torch.bool \[1\], expected torch.bool \[3\]"):
        WordEmbedding.from_vectors((values, torch.tensor([True])))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"word_dropout": 1.0}, "word_dropout is 1.0"),
        ({"dropout": -0.1}, "dropout is -0.1"),
        ({"unknown": 4}, "unknown is 4, expected a word from 0 to 3"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        WordEmbedding(4, 3, **options)


def test_both_ends_are_the_final_states_of_both_directions():
    layer, batch = LSTM(3, 4, bidirectional=True), path_batch([torch.randn(length, 3) for length in (5, 1, 3)])
    out, (h, _) = layer(batch.x, batch.edge_index)
    torch.testing.assert_close(EndsReadout()(out, batch.ptr), torch.cat([h[0], h[1]], dim=-1))
    with pytest.raises(ValueError, match="graph 1 has no nodes"):
        EndsReadout()(out, torch.tensor([0, 5, 5, 9]))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e300])
def test_vectors_that_are_not_finite_are_refused(bad):
    values, found = torch.ones(3, 2, dtype=torch.float64), torch.tensor([False, True, True])
    values[0, 0] = bad  # of a word without a vector
    words = WordEmbedding.from_vectors((values, found))
    assert words.table.weight.isfinite().all()
    values[2, 1] = bad
    before = words.table.weight.clone()
    for put in (words.set_vectors, lambda *vectors: WordEmbedding.from_vectors(vectors)):
        with pytest.raises(ValueError, match=r"values\[2, 1\] is (nan|inf) in torch.float32, expected a finite number"):
            put(values, found)
    assert torch.equal(words.table.weight, before)


def test_vectors_of_integers():
    values, found = torch.tensor([[0, 0], [4, 8], [6, 2]]), torch.tensor([False, True, True])
    words = WordEmbedding.from_vectors((values, found))
    assert words.table.weight[1:3].tolist() == [[4.0, 8.0], [6.0, 2.0]]
