"""Published tables beside what this library measures on them, and beside baselines of one line."""
