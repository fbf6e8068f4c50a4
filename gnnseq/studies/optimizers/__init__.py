"""Optimisers against each other."""
