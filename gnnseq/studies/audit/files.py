"""The data files of the audited tables: found in a folder, or downloaded into it with their hashes."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from gnnseq.data.download import download, hash_file

_HOST = "https://raw.githubusercontent.com"
_TEMPORAL = f"{_HOST}/benedekrozemberczki/pytorch_geometric_temporal/adefe44265ad8faf239fd6cf3b59b95ca3ee60aa/dataset"
_COLA = f"{_HOST}/amy-deng/colagnn/7da87d6dad05d38f914aae9224b4814743d5584e/data"
_TGCN = f"{_HOST}/lehaifeng/T-GCN/219a2346f5bf68d54d91a948e7a41a08f9edc46b/T-GCN/T-GCN-PyTorch/data"


@dataclass(frozen=True)
class DataFile:
    """A file that a table needs.

    Attributes:
        name: of the file.
        url: its address.
        sha256: its hash.
    """

    name: str
    url: str
    sha256: str

    def find(self, folder: Path) -> Path:
        """Its path, in the folder or one folder below; a missing file is downloaded into the folder.

        A file with another hash is used with a warning, because it is not the published data.

        Raises:
            OSError: if it cannot be downloaded; the message names the address.
            ValueError: if what was downloaded has another hash.
        """
        path = next((p for p in (folder / self.name, *sorted(folder.glob(f"*/{self.name}"))) if p.is_file()), None)
        if path is None:
            folder.mkdir(parents=True, exist_ok=True)
            return download(self.url, self.sha256, folder / self.name)
        if (found := hash_file(path)) != self.sha256:
            warnings.warn(f"{path} has sha256 {found}, expected {self.sha256}: not the published data", stacklevel=2)
        return path


CHICKENPOX = DataFile(
    "chickenpox.json",
    f"{_TEMPORAL}/chickenpox.json",
    "724b48cfb274b2ecbb855bdb99b970b5ef9dd3671694fa477435dc1e08293735",
)
JAPAN = DataFile("japan.txt", f"{_COLA}/japan.txt", "404600764e7a592bc6cc2e02a6d215efc452757d83a5da61c7df3a545f39411e")
JAPAN_GRAPH = DataFile(
    "japan-adj.txt", f"{_COLA}/japan-adj.txt", "6ad39f92b3f339f12eec06810bbaecff964e8f19660f481c6279f1476be06006"
)
REGIONS = DataFile(
    "region785.txt", f"{_COLA}/region785.txt", "f6e7fdf21423dc5d43ef82cbde95eca5609c723973cb4aa4dd157de5b149a6cc"
)
REGIONS_GRAPH = DataFile(
    "region-adj.txt", f"{_COLA}/region-adj.txt", "45168c9c561f0fa28eab8e8d3b8ee740fbe63bc75935565a8c99337963510548"
)
SPEEDS = DataFile(
    "los_speed.csv", f"{_TGCN}/los_speed.csv", "7b732d86ae32b2930595becba28aff39dacbfb2197e250fc0332e1744ce2cbf4"
)
ROADS = DataFile(
    "los_adj.csv", f"{_TGCN}/los_adj.csv", "7a6eb41e10677992b5af50f5ab187c6c05c5c3a92cb973950cfddbf857361e76"
)
