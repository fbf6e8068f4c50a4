"""Attacks on what is stored and read: kills, flipped bits, mutated inputs, shared folders and servers that lie."""
