"""Samples that are made from a seed."""
