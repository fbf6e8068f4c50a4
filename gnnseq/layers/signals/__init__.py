"""Layers over signals: a series at every node of a graph."""
