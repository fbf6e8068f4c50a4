"""The audited tables, each with its rows and the trials that fill them."""

from gnnseq.studies.audit.rows import Table
from gnnseq.studies.audit.tables import chickenpox, communities, influenza, match, memory, traffic, trees

TABLES: tuple[Table, ...] = (
    communities.TABLE,
    chickenpox.TABLE,
    influenza.TABLE,
    traffic.TABLE,
    match.TABLE,
    memory.TABLE,
    trees.TABLE,
)
