"""Curves of a training for TensorBoard."""

from pathlib import Path

from gnnseq.extras import require
from gnnseq.training.callbacks import Callback, check_every
from gnnseq.training.history import History


class TensorBoard(Callback):
    """Loss, accuracy, gradient norm and learning rate for TensorBoard, and texts on request: a callback of `fit`.

    Args:
        folder: for its event files; ``tensorboard --logdir`` shows it.
        every: steps between two points of a curve.

    Raises:
        ImportError: without the extra "tensorboard".
        ValueError: if ``every`` is under 1.
    """

    everywhere = False

    def __init__(self, folder: str | Path, *, every: int = 1) -> None:
        check_every(every)
        require("tensorboard", "tensorboard")
        from torch.utils.tensorboard.writer import SummaryWriter

        self.folder, self.every = Path(folder), every
        self._kind = SummaryWriter
        self._writer = SummaryWriter(str(folder))

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self, steps: int) -> None:
        """Points behind these steps, of a run that was killed, are not shown any more."""
        if steps:
            self._writer.close()
            self._writer = self._kind(str(self.folder), purge_step=steps + 1)

    def step(self, history: History) -> None:
        """Adds a point to each curve."""
        if history.steps % self.every == 0:
            for name in ("loss", "accuracy", "grad_norm", "learning_rate"):
                self._writer.add_scalar(name, getattr(history, name)[-1], history.steps)

    def text(self, name: str, text: str, step: int) -> None:
        """Adds a text, e.g. what a language model writes at this step."""
        indented = "\n".join(f"    {line}" for line in text.splitlines())  # as it is, not as Markdown
        self._writer.add_text(name, indented, step)

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()
