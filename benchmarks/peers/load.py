"""Peers that may be absent, imported only where they are used."""

import importlib
import os
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.row import AbsentError


def dgl() -> Any:
    """DGL, with torch."""
    os.environ.setdefault("DGLBACKEND", "pytorch")
    return _package("dgl", "dgl 1.1.3")


def treelstm() -> Any:
    """pytorch-tree-lstm."""
    return _package("treelstm", "pytorch-tree-lstm 0.1.3")


def gconv_lstm() -> Any:
    """PyG Temporal's GConvLSTM, from its file: the package imports torch_sparse, which the cell does not need."""
    return _file("torch_geometric_temporal", "nn/recurrent/gconv_lstm.py", "PyG Temporal").GConvLSTM


def plstm_graph() -> Any:
    """The function of pLSTM for a graph, from its file, since the package imports JAX. No registry has it."""
    return _file("plstm", "torch/plstm_graph.py", "pLSTM (github.com/ml-jku/plstm)").plstm_graph_nodewise


def _file(package: str, path: str, title: str) -> ModuleType:
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise AbsentError(f"{title} is not installed")
    found = Path(next(iter(spec.submodule_search_locations)), path)
    module_spec = spec_from_file_location(found.stem, found)
    assert module_spec is not None
    assert module_spec.loader is not None
    module: ModuleType = module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def _package(name: str, title: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AbsentError(f"{title} is not installed ({error})") from error
