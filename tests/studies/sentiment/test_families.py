import pytest
import torch

from gnnseq.graphs import balanced_tree_batch, path_batch
from gnnseq.models.words import WordEmbedding
from gnnseq.studies.sentiment.families import SENTIMENT_FAMILIES, find_sentiment_family


@pytest.mark.parametrize("family", SENTIMENT_FAMILIES, ids=lambda family: family.name)
def test_logits_of_nodes_or_of_phrases(family):
    model = family.build(WordEmbedding(9, 4), 4, 6, 5, dropout=0.5).eval()
    phrases = [torch.tensor([1, 2, 3]), torch.tensor([4]), torch.tensor([5, 6])]
    batch = balanced_tree_batch(phrases, empty=9) if family.reads_trees else path_batch(phrases)
    out = model(batch)
    assert out.shape == (len(batch.x) if family.reads_trees else 3, 5)
    other = path_batch([phrases[0].flip(0)]) if not family.reads_trees else None
    if other is not None:
        order_matters = not torch.allclose(model(other)[0], out[0], atol=1e-6)
        assert order_matters == (family.name != "bag")


def test_unknown_names():
    assert find_sentiment_family("bilstm").title == "Bidirectional LSTM"
    with pytest.raises(ValueError, match="model is 'x', expected one of tree, tree-child-sum, lstm, bilstm, bag"):
        find_sentiment_family("x")
