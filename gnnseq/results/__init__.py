"""Records joined over seeds: statistics, verdicts, tables and the page."""
