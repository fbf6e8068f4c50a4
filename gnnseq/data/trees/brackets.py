"""Trees written in brackets, as in the Penn Treebank and the Stanford Sentiment Treebank."""

import re
from dataclasses import dataclass, field
from reprlib import repr as shorten
from typing import NoReturn

import numpy as np

from gnnseq.data.trees.tree import Tree

SPACES = r" \t\r\n\f\v"  # a hard space is part of a word
_SPACE, _NAME = rf"[{SPACES}]", rf"[^{SPACES}()]"
_LEAF = rf"\({_SPACE}*({_NAME}+){_SPACE}+({_NAME}+){_SPACE}*\)"
_TOKEN = re.compile(rf"{_LEAF}|\({_SPACE}*({_NAME}*)|\)|{_NAME}+")


def parse_brackets(text: str, *, require_labels: bool = True, line: int = 1) -> Tree:
    """One tree from brackets, such as ``(3 (2 very) (3 good))``.

    A bracket is a node; what follows "(" is its label. A bracket around a label and a word is a
    leaf. The empty bracket that the Penn Treebank puts around a whole tree is taken off.

    Args:
        text: the tree.
        require_labels: whether every node has a label. If not, words may stand beside others, as in
            ``(NP the cat)``, and are leaves with the label "".
        line: number of the text's first line, for messages.

    Raises:
        ValueError: if brackets are not balanced, a label, word or tree is missing, or text follows
            the tree. The message begins with the line.
    """
    (tree,) = _Parser(text, require_labels, line).parse()
    return tree


def parse_all_brackets(text: str, *, require_labels: bool = True, line: int = 1) -> list[Tree]:
    """One tree or several, one after the other; see :func:`parse_brackets`."""
    return _Parser(text, require_labels, line, several=True).parse()


@dataclass
class _Bracket:
    """An open bracket: where it stands, its label, the children so far, a word not yet placed."""

    start: int
    label: str
    children: list[int] = field(default_factory=list)
    word: str | None = None
    word_start: int = 0


class _Parser:
    def __init__(self, text: str, require_labels: bool, line: int, several: bool = False) -> None:
        self.text, self.require_labels, self.line, self.several = text, require_labels, line, several
        self.begin()

    def begin(self) -> None:
        """Forgets the tree before."""
        self.parents: list[int] = []
        self.slots: list[int] = []
        self.words: list[str] = []
        self.labels: list[str] = []
        self.stack: list[_Bracket] = []
        self.done = False

    def parse(self) -> list[Tree]:
        trees: list[Tree] = []
        for match in _TOKEN.finditer(self.text):
            token, start = match.group(), match.start()
            if self.done and self.several and token[0] == "(":
                trees.append(self._tree())
                self.begin()
            if self.done or (not self.stack and token[0] != "("):
                expected = "the end of the tree" if self.done else "'('"
                self._fail(start, f"expected {expected}, got {shorten(token[0] if token[0] in '()' else token)}")
            if token == ")":
                self._close(start)
                continue
            self._place_word()
            label, word, open_label = match.groups()
            if word is not None:
                self._attach(self._add(start, word, label))
            elif open_label is not None:
                self.stack.append(_Bracket(start, open_label))
            else:
                self.stack[-1].word, self.stack[-1].word_start = token, start
        if self.stack:
            opened = self._where(self.stack[-1].start)
            self._fail(len(self.text.rstrip()), f"expected ')' for the bracket of {opened}, got the end")
        if not self.done:
            self._fail(0, "expected '(', got nothing")
        return [*trees, self._tree()]

    def _tree(self) -> Tree:
        places = np.cumsum([word != "" for word in self.words]) - 1
        places[[word == "" for word in self.words]] = -1
        return Tree(
            np.array(self.parents),
            np.array(self.slots),
            places,
            tuple(self.words),
            tuple(self.labels),
        )

    def _close(self, start: int) -> None:
        if self.stack[-1].children:
            self._place_word()
        bracket = self.stack.pop()
        if bracket.word is None and not bracket.children:
            self._fail(start, "expected a word or a tree before ')'")
        if not self.stack and bracket.label == "" and len(bracket.children) == 1:
            self.done = True
            return
        node = self._add(bracket.start, bracket.word or "", bracket.label)
        for slot, child in enumerate(bracket.children):
            self.parents[child], self.slots[child] = node, slot
        self._attach(node)

    def _place_word(self) -> None:
        """Makes a leaf of a word that turns out to have siblings."""
        bracket = self.stack[-1] if self.stack else None
        if bracket is not None and bracket.word is not None:
            bracket.children.append(self._add(bracket.word_start, bracket.word, ""))
            bracket.word = None

    def _attach(self, node: int) -> None:
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.done = True

    def _add(self, start: int, word: str, label: str) -> int:
        if self.require_labels and not label:
            what = f"of {shorten(word)}" if word else "after '('"
            self._fail(start, f"expected a label {what}")
        self.parents.append(-1)
        self.slots.append(0)
        self.words.append(word)
        self.labels.append(label)
        return len(self.parents) - 1

    def _where(self, start: int) -> str:
        before = self.text[:start]
        column = start - before.rfind("\n")
        return f"line {self.line + before.count(chr(10))}, column {column}"

    def _fail(self, start: int, message: str) -> NoReturn:
        raise ValueError(f"{self._where(start)}: {message}")
