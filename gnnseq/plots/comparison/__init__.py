"""Figures of a comparison's records."""
