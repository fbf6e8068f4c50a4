"""A treebank of seven sentences, with a sentiment at every node."""

from gnnseq.data.trees.brackets import parse_brackets

TRAIN = [
    "(3 (2 a) (3 (2 very) (4 fine)))",
    "(0 (2 a) (1 (2 very) (0 bad)))",
    "(2 (2 the) (2 film))",
    "(4 (4 fine) (2 film))",
]
DEV = ["(3 (2 the) (4 fine))", "(2 (2 unheard) (2 film))", "(1 (1 bad) (2 film))"]
PARTS = {"train": [parse_brackets(text) for text in TRAIN], "dev": [parse_brackets(text) for text in DEV]}
