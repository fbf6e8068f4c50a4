"""Series without names and times, as arrays of NumPy: the .npz files of PEMS03 to PEMS08."""

from pathlib import Path

import numpy as np
import torch

from gnnseq.data.indexing import check_integer
from gnnseq.data.signals.tables import Series


def read_npz(path: str | Path, feature: int = 0) -> Series:
    """Reads one feature of an archive with an array "data" ``[T, N, F]`` or ``[T, N]``.

    The traffic data PEMS03, PEMS04, PEMS07 and PEMS08 have this form, also in the library tsl; their features are flow,
    occupancy and speed. NaN stays a gap.

    Args:
        path: of the .npz file.
        feature: its number, from 0; for ``[T, N]`` there is one.

    Returns:
        The series, float64, without times; nodes are named by their numbers.

    Raises:
        ValueError: for no such archive, no array "data", another shape, values that are infinite or no numbers, or a
            feature that it does not have; it names the file.
    """
    feature = check_integer("feature", feature, 0)
    with Path(path).open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            found = archive["data"] if isinstance(archive, np.lib.npyio.NpzFile) else None
        except Exception as error:  # zipfile, zlib and NumPy raise errors of many kinds, and MemoryError
            raise ValueError(f'{path} is no .npz file with an array "data": {str(error)[:200]}') from None
    if found is None or found.dtype.kind not in "fiu" or found.ndim not in (2, 3) or 0 in found.shape:
        shown = "a single array" if found is None else f"shape {list(found.shape)} and dtype {found.dtype}"
        raise ValueError(f"{path}: data has {shown}, expected real [T, N] or [T, N, F] in an archive")
    data = found if found.ndim == 3 else found[..., None]
    if feature >= data.shape[2]:
        raise ValueError(f"feature is {feature}, expected 0 to {data.shape[2] - 1}, the features of {path}")
    values = torch.from_numpy(data[..., feature].astype(np.float64))
    if bool((values.abs() > torch.finfo(torch.float32).max).any()):
        step, node = (values.abs() > torch.finfo(torch.float32).max).nonzero()[0].tolist()
        raise ValueError(f"{path}: data[{step}, {node}] is {values[step, node]:g}, expected a float32 number or NaN")
    return Series(values, [str(node) for node in range(values.size(1))])
