"""Records joined over seeds: statistics, verdicts, tables and the page; depends on records only."""

from gnnseq.results.joined import Result, collect
from gnnseq.results.ranking import ranking
from gnnseq.results.statistics import Summary, summarise
from gnnseq.results.table import markdown, to_csv
from gnnseq.results.verdict import compare, diagnosis, judge

__all__ = [
    "Result",
    "Summary",
    "collect",
    "compare",
    "diagnosis",
    "judge",
    "markdown",
    "ranking",
    "summarise",
    "to_csv",
]
