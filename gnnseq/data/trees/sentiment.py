"""The Stanford Sentiment Treebank: sentences as trees, with a sentiment at every node."""

from contextlib import suppress
from pathlib import Path
from reprlib import repr as shorten
from typing import Literal, TypeAlias, get_args

from gnnseq.data.download import cache_folder, changed_members, download, extract
from gnnseq.data.trees.tree import Tree
from gnnseq.data.trees.treebank import read_brackets

Part: TypeAlias = Literal["train", "dev", "test"]

_URL = "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"
_SHA256 = "5c613a4f673fc74097d523a2c83f38e0cc462984d847b82c7aaf36b01cbbbfcc"
_LABELS = set("01234")


def sentiment_trees(part: Part, path: str | Path | None = None, cache: str | Path | None = None) -> list[Tree]:
    """Trees of the Stanford Sentiment Treebank (Socher et al. 2013).

    Labels run from "0" (very negative) to "4" (very positive); "2" is neutral. Every node has one.

    Args:
        part: "train" (8,544 trees), "dev" (1,101) or "test".
        path: a folder with ``train.txt``, ``dev.txt`` and ``test.txt``; ``None`` to download them.
        cache: folder of the download; ``None`` for :func:`gnnseq.data.download.cache_folder`.

    Raises:
        OSError: if a file cannot be read or fetched.
        ValueError: if a tree is malformed or has another label, if what was fetched is not the
            archive that is known, or if a file was changed since it was unpacked.
    """
    if part not in get_args(Part):
        raise ValueError(f"part is {part!r}, expected one of {', '.join(get_args(Part))}")
    file = Path(path or _fetch(Path(cache or cache_folder()))) / f"{part}.txt"
    trees = read_brackets(file).trees
    for row, tree in enumerate(trees):
        if not _LABELS.issuperset(tree.labels):
            wrong = min(set(tree.labels) - _LABELS)
            raise ValueError(f"{file}, tree {row + 1} has the label {shorten(wrong)}, expected 0 to 4")
    return trees


def _fetch(cache: Path) -> Path:
    archive = download(_URL, _SHA256, cache / Path(_URL).name)
    folder = cache / archive.stem
    with suppress(FileExistsError):  # also if another process unpacked it first
        extract(archive, folder)
    for name in changed_members(archive, folder):
        raise ValueError(f"{folder / name} is not as it was unpacked; delete {folder} to unpack it again")
    found = sorted(folder.rglob("train.txt"))
    if not found:
        raise FileNotFoundError(f"{folder} holds no train.txt, expected the treebank; delete it to unpack it again")
    return found[0].parent
