"""Sentiment, logical inference and ListOps: rows for the records of other examples."""

from gnnseq.studies.audit.rows import Mark, Published, Row, Table

_SST = {5: "test sentences, 5 classes", 2: "test sentences, 2 classes"}
_TAI = "Tai, Socher and Manning 2015, table 2"
_DGL = "README of DGL's examples/pytorch/tree_lstm, which quotes the paper"
_SENTIMENT: tuple[tuple[int, str, float, str, Mark, str, str], ...] = (
    (5, "constituency Tree-LSTM", 0.510, _TAI, "from a quotation", _DGL, "tree"),
    (5, "constituency Tree-LSTM, DGL's example", 0.5172, "DGL", "from the source", _DGL, "tree"),
    (5, "dependency Tree-LSTM", 0.484, _TAI, "from memory", "", "tree-child-sum"),
    (5, "bidirectional LSTM", 0.491, _TAI, "from memory", "", "bilstm"),
    (5, "LSTM", 0.464, _TAI, "from memory", "", "lstm"),
    (5, "constituency Tree-LSTM, random word vectors", 0.439, _TAI, "from memory", "", "tree"),
    (2, "constituency Tree-LSTM", 0.880, _TAI, "from memory", "", "tree"),
    (2, "bidirectional LSTM", 0.875, _TAI, "from memory", "", "bilstm"),
    (2, "LSTM", 0.849, _TAI, "from memory", "", "lstm"),
    (2, "constituency Tree-LSTM, random word vectors", 0.820, _TAI, "from memory", "", "tree"),
)
_LOGIC = {
    "LSTM": ((0.88, 0.84, 0.80, 0.78, 0.71, 0.69), "lstm"),
    "Tree-LSTM": ((0.94, 0.92, 0.92, 0.88, 0.87, 0.86), "tree-nary"),
    "Tree-RNN": ((0.98, 0.98, 0.97, 0.96, 0.95, 0.96), ""),
}
_LENGTHS = range(7, 13)
LISTOPS = "lists of 6 to 200 symbols, every list labelled; 10,000 given ones in the test"

_LABELS = "other training: random lists, a label for every inner list here; given lists, the answer alone there"


def _sentiment(classes: int, model: str, value: float, source: str, mark: Mark, where: str, same: str) -> Row:
    title = _SST[classes]
    vectors = "" if "random" in model else "other word vectors: GloVe there, learned from the start here"
    return Row(title, "accuracy", Published(model, value, source, mark, where), (title,), same=same,
               baselines=("bag",), higher_is_better=True, hindrance=vectors)  # fmt: skip


def _logic(model: str, place: int) -> Row:
    values, same = _LOGIC[model]
    return Row(
        f"logical inference, length {_LENGTHS[place]}",
        "accuracy",
        Published(model, values[place], "Shen et al. 2019 (Ordered Memory), table 1", "from memory"),
        ("logical inference, longer than 6",),
        f"by_length.{_LENGTHS[place]}",
        same or None,
        higher_is_better=True,
    )


TEXT = """Accuracies. Our runs are those of `tree_lstm_sentiment.py`, `tree_lstm_pairs.py` and `tree_lstm_listops.py`;
rows without a record of the test part have none. Sentiment with GloVe vectors cannot be compared with models that learn
their word vectors from the start. Logical inference is trained on formulas of up to 6 operators. Our models for ListOps
learn from random lists with a label for every inner list, theirs from given lists with the answer alone (from memory,
not checked)."""

TABLE = Table(
    "trees",
    "Sentiment, logical inference and ListOps",
    TEXT,
    (
        *(_sentiment(*row) for row in _SENTIMENT),
        *(_logic(model, place) for model in _LOGIC for place in range(len(_LENGTHS))),
        *(
            Row("ListOps, test part of Nangia and Bowman 2018", "accuracy",
                Published(model, value, "Nangia and Bowman 2018", "from memory"), (LISTOPS,), same=same,
                baselines=("bag",), higher_is_better=True, hindrance=_LABELS)
            for model, value, same in (("Tree-LSTM, 128 units", 0.987, "tree"), ("LSTM, 128 units", 0.744, "lstm"))
        ),
    ),
    command="examples/tree_lstm_sentiment.py, tree_lstm_pairs.py and tree_lstm_listops.py",
)  # fmt: skip
