"""Readers of treebanks: trees in brackets, CoNLL-U, and documents of a parser."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from reprlib import repr as shorten
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from gnnseq.data.files import read_text
from gnnseq.data.trees.brackets import parse_all_brackets
from gnnseq.data.trees.conllu import Block, parse_tree, sentence_blocks
from gnnseq.data.trees.heads import HeadError, dependency_tree
from gnnseq.data.trees.tree import Tree

OnError: TypeAlias = Literal["raise", "skip"]
Found = TypeVar("Found")

_OF_TOKENS = {"lemma": "lemma_", "upos": "pos_", "xpos": "tag_", "feats": "morph"}


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

    return Treebank(*collect(path, _bracket_groups, parse, on_error))


def read_conllu(path: str | Path, *, on_error: OnError = "raise") -> Treebank:
    """Reads the dependency trees of a CoNLL-U file (https://universaldependencies.org/format.html).

    A tree's words are the forms of its basic words and its labels their relations; lemma, upos, xpos,
    feats, deps and misc are its columns, and lines that begin with "#" its comments. Ranges such as
    ``4-5`` and empty nodes such as ``5.1`` are left out (:func:`gnnseq.data.read_enhanced` reads
    these). Words and relations may not be empty.

    Args:
        path: of a UTF-8 file.
        on_error: "raise" stops at the first malformed sentence; "skip" leaves it out.

    Raises:
        ValueError: if a sentence is malformed, has no root, two roots or a cycle, or the file is
            not UTF-8 or holds no sentence. The message names the file and the line, and says what
            was expected.
    """
    return Treebank(*collect(path, sentence_blocks, parse_tree, on_error))


def trees_from_doc(doc: Any) -> list[Tree]:
    """The dependency trees of a parsed document, one per sentence; lemma, upos, xpos and feats where tokens have them.

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
    columns = {
        name: [str(getattr(token, attribute)) for token in tokens]
        for name, attribute in _OF_TOKENS.items()
        if all(hasattr(token, attribute) for token in tokens)
    }
    return dependency_tree([token.text for token in tokens], heads, [token.dep_ for token in tokens], columns)


def collect(
    path: str | Path,
    cut: Callable[[Iterable[str]], Iterator[list[Block]]],
    parse: Callable[[int, list[str]], list[Found]],
    on_error: OnError,
) -> tuple[list[Found], list[str]]:
    """What ``parse`` makes of each block of a file's lines, and the messages of those that it refused.

    Raises:
        ValueError: for a file that is malformed (if ``on_error`` is "raise"), not UTF-8 or empty.
    """
    if on_error not in get_args(OnError):
        raise ValueError(f"on_error is {on_error!r}, expected 'raise' or 'skip'")
    everything: list[Found] = []
    faults: list[str] = []
    for blocks in cut(read_text(path).split("\n")):
        found: list[Found] = []
        errors: list[str] = []
        for line, lines in blocks:
            try:
                found += parse(line, lines)
            except ValueError as error:
                if on_error == "raise":
                    raise ValueError(f"{path}, {error}") from None
                errors.append(f"{path}, {error}")
        everything.extend([] if errors else found)
        faults.extend(errors)
    if not everything and not faults:
        raise ValueError(f"{path} is empty, expected at least one tree")
    return everything, faults


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
