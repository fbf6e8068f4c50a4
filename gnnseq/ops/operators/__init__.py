"""Linear operators on signals over the nodes of a graph: sparse, spectral and diffusion."""
