"""Stands before the real torch_scatter on the path of the processes that a test starts."""

raise ModuleNotFoundError("switched off by GNNSEQ_WITHOUT_SCATTER=1", name="torch_scatter")
