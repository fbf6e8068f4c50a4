"""Readers of treebanks: trees in brackets, CoNLL-U, and documents of a parser."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from gnnseq.data.files import read_text
from gnnseq.data.trees.brackets import parse_brackets
from gnnseq.data.trees.tree import HeadError, Tree, dependency_tree

OnError: TypeAlias = Literal["raise", "skip"]
Block: TypeAlias = tuple[int, list[str]]  # number of the first line, lines


class Treebank(NamedTuple):
    """What a reader found.

    Args:
        trees: in the order of the file.
        errors: one message for every tree that was left out.
    """

    trees: list[Tree]
    errors: list[str]

    @property
    def skipped(self) -> int:
        """How many trees were left out."""
        return len(self.errors)


def read_brackets(path: str | Path, *, on_error: OnError = "raise", require_labels: bool = True) -> Treebank:
    """Reads trees in brackets, as those of the Penn and the Stanford Sentiment Treebank.

    A tree may take several lines. It ends where its brackets are balanced, or where a line begins
    with "(" while some are open, which is an error; so further lines of a tree are indented.

    Args:
        path: of a UTF-8 file.
        on_error: "raise" stops at the first malformed tree; "skip" leaves it out.
        require_labels: see :func:`parse_brackets`.

    Raises:
        ValueError: if a tree is malformed, or the file is not UTF-8 or holds no tree. The message
            names the file and the line, and says what was expected.
    """

    def parse(line: int, lines: list[str]) -> Tree:
        return parse_brackets("\n".join(lines), require_labels=require_labels, line=line)

    return _collect(path, _bracket_blocks, parse, on_error)


def read_conllu(path: str | Path, *, on_error: OnError = "raise") -> Treebank:
    """Reads the dependency trees of a CoNLL-U file (https://universaldependencies.org/format.html).

    A tree's words are the forms of its basic words and its labels their relations. Ranges such as
    ``4-5`` and empty nodes such as ``5.1`` are left out.

    Args:
        path: of a UTF-8 file.
        on_error: "raise" stops at the first malformed sentence; "skip" leaves it out.

    Raises:
        ValueError: if a sentence is malformed, has no root, two roots or a cycle, or the file is
            not UTF-8 or holds no sentence. The message names the file and the line, and says what
            was expected.
    """
    return _collect(path, _sentence_blocks, _parse_sentence, on_error)


def trees_from_doc(doc: Any) -> list[Tree]:
    """The dependency trees of a parsed document, one per sentence.

    Args:
        doc: a spaCy ``Doc``, or anything like it: an iterable of tokens with ``i``, ``text``,
            ``dep_`` and ``head``, a token that is its own head in the root. If it has ``sents``,
            these are its sentences; otherwise it is one.

    Raises:
        HeadError: if a sentence is no tree.
    """
    sentences = doc.sents if hasattr(doc, "sents") else [doc]
    return [_tree_of_tokens(list(sentence)) for sentence in sentences]


def _tree_of_tokens(tokens: list[Any]) -> Tree:
    first = tokens[0].i
    heads = [-1 if t.head.i == t.i else t.head.i - first for t in tokens]
    return dependency_tree([t.text for t in tokens], heads, [t.dep_ for t in tokens])


def _collect(
    path: str | Path,
    cut: Callable[[Iterable[str]], Iterator[Block]],
    parse: Callable[[int, list[str]], Tree],
    on_error: OnError,
) -> Treebank:
    if on_error not in get_args(OnError):
        raise ValueError(f"on_error is {on_error!r}, expected 'raise' or 'skip'")
    bank = Treebank([], [])
    for line, lines in cut(read_text(path).split("\n")):
        try:
            bank.trees.append(parse(line, lines))
        except ValueError as error:
            if on_error == "raise":
                raise ValueError(f"{path}, {error}") from None
            bank.errors.append(f"{path}, {error}")
    if not bank.trees and not bank.errors:
        raise ValueError(f"{path} is empty, expected at least one tree")
    return bank


def _bracket_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Lines from an opening bracket to where it is closed, or to the next line that begins one."""
    block: list[str] = []
    depth = start = 0
    for number, line in enumerate(lines, 1):
        if block and line.startswith("("):
            yield start, block
            block, depth = [], 0
        if not block and not line.strip():
            continue
        start = start if block else number
        block.append(line)
        depth += line.count("(") - line.count(")")
        if depth <= 0:
            yield start, block
            block, depth = [], 0
    if block:
        yield start, block


def _sentence_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Runs of lines without an empty one, if they hold more than comments."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
            continue
        if any(not entry.startswith("#") for entry in block):
            yield number - len(block), block
        block = []


def _parse_sentence(first: int, lines: list[str]) -> Tree:
    words: list[str] = []
    heads: list[int] = []
    labels: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 10:
            message = f"expected 10 columns with tabs between them, got {len(columns)}"
            raise ValueError(f"line {number}: {message}")
        name, form, head, label = columns[0], columns[1], columns[6], columns[7]
        if "-" in name or "." in name:
            continue
        if name != str(len(words) + 1):
            raise ValueError(f"line {number}: expected word {len(words) + 1}, got {name!r}")
        if not head.isdecimal():
            raise ValueError(f"line {number}: expected a number as head, got {head!r}")
        numbers.append(number)
        words.append(form)
        heads.append(int(head) - 1)
        labels.append(label)
    if not words:
        raise ValueError(f"line {first + len(lines) - 1}: expected at least one word")
    try:
        return dependency_tree(words, heads, labels)
    except HeadError as error:
        raise ValueError(f"line {numbers[error.word]}: {error}") from None
