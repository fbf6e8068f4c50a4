"""Real data for tests that check the readers on it; they skip where it is absent.

The environment variable GNNSEQ_DATA names a folder with ``grimm/`` (the book's text file), ``sst/``
(``train.txt``, ``dev.txt``) and ``ud_ewt/`` (``en_ewt-ud-dev.conllu``).
"""

import os
from pathlib import Path

import pytest


def real_file(pattern: str) -> Path:
    """The file in the folder of real data that matches ``pattern``."""
    folder = os.environ.get("GNNSEQ_DATA")
    found = sorted(Path(folder).glob(pattern)) if folder else []
    if not found:
        pytest.skip(f"no {pattern} in the folder that GNNSEQ_DATA names")
    return found[0]
