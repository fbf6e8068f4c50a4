"""Sentiment of sentences: models of trees against models of sequences."""
