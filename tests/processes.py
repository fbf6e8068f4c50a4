"""Two gloo processes, for tests of what runs on several."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.distributed import destroy_process_group, init_process_group
from torch.multiprocessing import start_processes


def _share(rank: int, folder: Path, find: Callable[[int], Any]) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    init_process_group("gloo", f"file://{folder / 'store'}", rank=rank, world_size=2)
    torch.save(find(rank), folder / f"{rank}.pt")
    destroy_process_group()


def in_two_processes(find: Callable[[int], Any], folder: Path) -> list[Any]:
    """What a function of the rank finds in each of two processes of one group.

    Args:
        find: called in each process, once the group stands.
        folder: empty, for the meeting point and what was found.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fork beside threads
        start_processes(_share, (folder, find), nprocs=2, start_method="fork")
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]
