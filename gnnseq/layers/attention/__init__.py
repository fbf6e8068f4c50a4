"""Layers whose nodes attend to other nodes of their graph."""
