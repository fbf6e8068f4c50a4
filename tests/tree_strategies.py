"""Random trees for hypothesis."""

from hypothesis import strategies as st

WORDS = st.text("abcé'-$", min_size=1, max_size=3)
LABELS = st.sampled_from(["0", "1", "S", "NP-SBJ", "nsubj:pass"])


def _write(label, content):
    inside = content if isinstance(content, str) else " ".join(content)
    return f"({label} {inside})"


LEAVES = st.builds(_write, LABELS, WORDS)
BRACKETS = st.recursive(
    LEAVES, lambda trees: st.builds(_write, LABELS, st.lists(trees, min_size=1, max_size=5)), max_leaves=25
)


@st.composite
def heads(draw, max_words=12):
    """Heads of a random, mostly not projective dependency tree."""
    size = draw(st.integers(1, max_words))
    order = draw(st.permutations(range(size)))
    found = [-1] * size
    for rank in range(1, size):
        found[order[rank]] = order[draw(st.integers(0, rank - 1))]
    return found
