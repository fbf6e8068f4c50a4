"""Binary trees without labels: read from brackets, or made over the words of an unparsed sentence."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from gnnseq.data.trees.brackets import SPACES
from gnnseq.data.trees.tree import Tree, refuse_string

Split = Callable[[int, int], int]


def parse_binary(text: str) -> Tree:
    """A tree from words and brackets with spaces between them, such as ``( ( not a ) ( and b ) )``.

    A bracket is a node with two children, and a word alone is a tree of one node. (`parse_brackets` reads
    ``( not a )`` as the word "a" with the label "not".)

    Raises:
        ValueError: if a bracket has not two children, brackets are not balanced, or there is not one tree.
    """
    builder = _Builder()
    stack: list[int | None] = []
    for number, token in enumerate(re.findall(f"[^{SPACES}]+", text), 1):
        if token == "(":
            stack.append(None)
        elif token != ")":
            stack.append(builder.leaf(token))
        elif len(stack) < 3 or stack[-3] is not None or stack[-2] is None or stack[-1] is None:
            raise ValueError(f"token {number}: expected '(' and two parts before ')'")
        else:
            left, right = stack[-2], stack[-1]
            stack[-3:] = [builder.join(left, right)]
    if len(stack) != 1 or stack[0] is None:
        raise ValueError(f"expected one tree with balanced brackets, got {len(stack)} open parts")
    return builder.tree()


def right_branching_tree(words: Sequence[str]) -> Tree:
    """The tree ``( a ( b ( c d ) ) )`` over unparsed words."""
    return _over(words, lambda start, stop: start + 1)


def balanced_tree(words: Sequence[str]) -> Tree:
    """The tree ``( ( a b ) ( c d ) )``, which cuts words in halves, the first one longer by a word if need be."""
    return _over(words, lambda start, stop: start + (stop - start + 1) // 2)


def _over(words: Sequence[str], split: Split) -> Tree:
    refuse_string("words", words, "word")
    if len(words) == 0 or "" in words:
        raise ValueError(f"words is {list(words)}, expected at least one word and no empty one")
    builder = _Builder()
    done: list[int] = []
    stack: list[tuple[int, int, bool]] = [(0, len(words), False)]
    while stack:
        start, stop, joined = stack.pop()
        if joined:
            right, left = done.pop(), done.pop()
            done.append(builder.join(left, right))
        elif stop - start == 1:
            done.append(builder.leaf(words[start]))
        else:
            middle = split(start, stop)
            stack += [(start, stop, True), (middle, stop, False), (start, middle, False)]
    return builder.tree()


class _Builder:
    """Nodes in the order in which they are made, so that children come before their parent."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self.slots: list[int] = []
        self.words: list[str] = []

    def leaf(self, word: str) -> int:
        self.parents.append(-1)
        self.slots.append(0)
        self.words.append(word)
        return len(self.words) - 1

    def join(self, left: int, right: int) -> int:
        node = self.leaf("")
        self.parents[left] = self.parents[right] = node
        self.slots[right] = 1
        return node

    def tree(self) -> Tree:
        held = np.array([word != "" for word in self.words])
        places = np.where(held, np.cumsum(held) - 1, -1)
        none = ("",) * len(self.words)
        return Tree(np.array(self.parents), np.array(self.slots), places, tuple(self.words), none)


def bracketed(tree: Tree) -> list[str]:
    """The words of a tree in a row, with "(" and ")" around the children of every node."""
    children = tree.children()
    parts: list[str] = []
    stack: list[int | str] = [len(tree) - 1]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif children[item]:
            parts.append("(")
            stack += [")", *reversed(children[item])]
        else:
            parts.append(tree.words[item])
    return parts
