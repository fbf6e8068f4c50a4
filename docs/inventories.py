"""Where the names of other projects are explained, for a build without a network.

With one, their own lists are read instead, which know every name.
"""

import zlib
from pathlib import Path

TORCH = {
    "torch.Tensor": ("class", "tensors.html#torch.Tensor"),
    "torch.Generator": ("class", "generated/torch.Generator.html#torch.Generator"),
    "torch.compile": ("function", "generated/torch.compile.html#torch.compile"),
    "torch.device": ("class", "tensor_attributes.html#torch.device"),
    "torch.func": ("module", "func.html#module-torch.func"),
    "torch.optim.Optimizer": ("class", "optim.html#torch.optim.Optimizer"),
    "torch.utils.data.DataLoader": ("class", "data.html#torch.utils.data.DataLoader"),
    "torch.utils.data.Dataset": ("class", "data.html#torch.utils.data.Dataset"),
} | {
    f"torch.nn.{name}": ("class", f"generated/torch.nn.{name}.html#torch.nn.{name}")
    for name in ("Module", "RNN", "GRU", "LSTM", "Embedding", "Linear")
}
PYG = {
    "torch_geometric.data.Data": ("class", "generated/torch_geometric.data.Data.html#torch_geometric.data.Data"),
    "torch_geometric.data.Batch": ("class", "generated/torch_geometric.data.Batch.html#torch_geometric.data.Batch"),
} | {
    f"torch_geometric.nn.{name}": ("class", f"generated/torch_geometric.nn.conv.{name}.html")
    for name in ("GCNConv", "ChebConv", "GraphConv")
}
PYTHON = {
    f"collections.abc.{name}": ("class", f"library/collections.abc.html#collections.abc.{name}")
    for name in ("Callable", "Iterable", "Iterator", "Mapping", "Sequence")
} | {"pathlib.Path": ("class", "library/pathlib.html#pathlib.Path")}

PROJECTS = {
    "python": ("https://docs.python.org/3", PYTHON),
    "torch": ("https://docs.pytorch.org/docs/stable", TORCH),
    "pyg": ("https://pytorch-geometric.readthedocs.io/en/latest", PYG),
}

# Python tells where a class was written; the manuals list it where it is imported from.
PUBLIC = {
    "torch.nn.modules.module.Module": "torch.nn.Module",
    "torch.nn.modules.rnn.RNN": "torch.nn.RNN",
    "torch.nn.modules.rnn.GRU": "torch.nn.GRU",
    "torch.nn.modules.rnn.LSTM": "torch.nn.LSTM",
    "torch.nn.modules.sparse.Embedding": "torch.nn.Embedding",
    "torch.optim.optimizer.Optimizer": "torch.optim.Optimizer",
    "torch.utils.data.dataset.Dataset": "torch.utils.data.Dataset",
    "torch.utils.data.dataloader.DataLoader": "torch.utils.data.DataLoader",
    "torch._C.Generator": "torch.Generator",
    "torch_geometric.data.batch.Batch": "torch_geometric.data.Batch",
    "torch_geometric.data.data.Data": "torch_geometric.data.Data",
    "torch_geometric.nn.conv.gcn_conv.GCNConv": "torch_geometric.nn.GCNConv",
    "torch_geometric.nn.conv.cheb_conv.ChebConv": "torch_geometric.nn.ChebConv",
}


def write(folder: Path) -> dict[str, tuple[str, tuple[None, str]]]:
    """Writes a list for each project, in the format of Sphinx, and returns the setting of intersphinx."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (address, names) in PROJECTS.items():
        lines = [f"{name} py:{role} 1 {place} -\n" for name, (role, place) in names.items()]
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
        head += "# The remainder of this file is compressed using zlib.\n"
        path = folder / f"{project}.inv"
        path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
        mapping[project] = (address, (None, str(path)))
    return mapping
