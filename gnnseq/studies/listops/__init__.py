"""Nested lists: models of trees against models of sequences."""
