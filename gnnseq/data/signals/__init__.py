"""Signals on the nodes of a graph over time."""
