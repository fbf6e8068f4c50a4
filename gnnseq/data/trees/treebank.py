"""Readers of treebanks: trees in brackets, CoNLL-U, and documents of a parser."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from reprlib import repr as shorten
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from gnnseq.data.files import read_text
from gnnseq.data.trees.brackets import parse_all_brackets
from gnnseq.data.trees.tree import HeadError, Tree, dependency_tree

OnError: TypeAlias = Literal["raise", "skip"]
Block: TypeAlias = tuple[int, list[str]]  # number of the first line, lines

_LEFT_OUT = re.compile(r"[0-9]+-[0-9]+|[0-9]+\.[0-9]+")  # names of ranges and empty nodes
_NUMBER = re.compile(r"[0-9]{1,9}")


class Treebank(NamedTuple):
    """What a reader found.

    Args:
        trees: in the order of the file.
        errors: one message for every fault that left a tree out.
    """

    trees: list[Tree]
    errors: list[str]

    @property
    def skipped(self) -> int:
        """How many faults left trees out."""
        return len(self.errors)


def read_brackets(path: str | Path, *, on_error: OnError = "raise", require_labels: bool = True) -> Treebank:
    """Reads trees in brackets, as those of the Penn and the Stanford Sentiment Treebank.

    A tree may take several lines, and a line may hold several trees. A tree ends where its brackets
    are balanced, or where a line begins with "(" while some are open, which is an error; so further
    lines of a tree are indented.

    Args:
        path: of a UTF-8 file.
        on_error: "raise" stops at the first malformed tree. "skip" leaves it out, with all trees on
            its lines and on lines that are indented below them: these may be pieces of it.
        require_labels: see :func:`gnnseq.data.trees.brackets.parse_brackets`.

    Raises:
        ValueError: if a tree is malformed, or the file is not UTF-8 or holds no tree. The message
            names the file and the line, and says what was expected.
    """

    def parse(line: int, lines: list[str]) -> list[Tree]:
        return parse_all_brackets("\n".join(lines), require_labels=require_labels, line=line)

    return _collect(path, _bracket_groups, parse, on_error)


def read_conllu(path: str | Path, *, on_error: OnError = "raise") -> Treebank:
    """Reads the dependency trees of a CoNLL-U file (https://universaldependencies.org/format.html).

    A tree's words are the forms of its basic words and its labels their relations. Ranges such as
    ``4-5`` and empty nodes such as ``5.1`` are left out. Words and relations may not be empty.

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
        TypeError: if ``doc`` is no document of tokens, such as a string.
        ValueError: if there is no sentence, one has no token, or a head is in another sentence.
    """
    if isinstance(doc, str) or not isinstance(doc, Iterable):
        raise TypeError(f"doc is a {type(doc).__name__}, expected a parsed document: an iterable of tokens")
    sentences = [list(sentence) for sentence in (doc.sents if hasattr(doc, "sents") else [doc])]
    if not sentences or [] in sentences:
        where = f"sentence {sentences.index([]) + 1} of doc" if hasattr(doc, "sents") and sentences else "doc"
        raise ValueError(f"{where} is empty, expected at least one token")
    return [_tree_of_tokens(sentence) for sentence in sentences]


def _tree_of_tokens(tokens: list[Any]) -> Tree:
    place = {token.i: word for word, token in enumerate(tokens)}
    for word, token in enumerate(tokens):
        if token.head.i not in place:
            message = f"word {word + 1} ({shorten(token.text)}) has head {shorten(token.head.text)}"
            raise HeadError(word, f"{message}, expected a word of the same sentence")
    heads = [-1 if token.head.i == token.i else place[token.head.i] for token in tokens]
    return dependency_tree([token.text for token in tokens], heads, [token.dep_ for token in tokens])


def _collect(
    path: str | Path,
    cut: Callable[[Iterable[str]], Iterator[list[Block]]],
    parse: Callable[[int, list[str]], list[Tree]],
    on_error: OnError,
) -> Treebank:
    if on_error not in get_args(OnError):
        raise ValueError(f"on_error is {on_error!r}, expected 'raise' or 'skip'")
    bank = Treebank([], [])
    for blocks in cut(read_text(path).split("\n")):
        trees: list[Tree] = []
        errors: list[str] = []
        for line, lines in blocks:
            try:
                trees += parse(line, lines)
            except ValueError as error:
                if on_error == "raise":
                    raise ValueError(f"{path}, {error}") from None
                errors.append(f"{path}, {error}")
        bank.trees.extend([] if errors else trees)
        bank.errors.extend(errors)
    if not bank.trees and not bank.errors:
        raise ValueError(f"{path} is empty, expected at least one tree")
    return bank


def _bracket_groups(lines: Iterable[str]) -> Iterator[list[Block]]:
    """Groups of blocks: a line, what is indented below it, and the lines up to where its brackets are closed.

    A block ends with the line that closes its brackets, or before a line that begins with "(".
    """
    group: list[Block] = []
    block: list[str] = []
    depth = start = margin = 0
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        if not text and not block:
            continue
        indent = len(line) - len(text)
        if (block and line.startswith("(")) or (group and not block and indent <= margin and not text.startswith(")")):
            yield [*group, (start, block)] if block else group
            group, block, depth = [], [], 0
        margin = indent if not group and not block else margin
        start = start if block else number
        block.append(line)
        depth += line.count("(") - line.count(")")
        if depth <= 0:
            group.append((start, block))
            block, depth = [], 0
    if group or block:
        yield [*group, (start, block)] if block else group


def _sentence_blocks(lines: Iterable[str]) -> Iterator[list[Block]]:
    """Runs of lines without an empty one, if they hold more than comments."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
            continue
        if any(not entry.startswith("#") for entry in block):
            yield [(number - len(block), block)]
        block = []


def _parse_sentence(first: int, lines: list[str]) -> list[Tree]:
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
        if _LEFT_OUT.fullmatch(name):
            continue
        if name != str(len(words) + 1):
            raise ValueError(f"line {number}: expected word {len(words) + 1}, got {shorten(name)}")
        if not _NUMBER.fullmatch(head):
            raise ValueError(f"line {number}: expected a number as head, got {shorten(head)}")
        if not (form.strip() and label.strip()):
            what = "form in column 2" if not form.strip() else "relation in column 8"
            raise ValueError(f"line {number}: expected a {what}, got {shorten(label if form.strip() else form)}")
        numbers.append(number)
        words.append(form)
        heads.append(int(head) - 1)
        labels.append(label)
    if not words:
        raise ValueError(f"line {first + len(lines) - 1}: expected at least one word")
    try:
        return [dependency_tree(words, heads, labels)]
    except HeadError as error:
        raise ValueError(f"line {numbers[error.word]}: {error}") from None
