"""Published tables beside this library's results on the same data and baselines of one line."""
