"""Scaled dot-product attention along the edges of a batch of graphs, or among all nodes of each."""
