"""Pairs of sentences or formulas: their relation, or how related they are."""
