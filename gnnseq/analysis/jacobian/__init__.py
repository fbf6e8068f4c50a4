"""The Jacobian of a model at a batch, block by block: by forward propagation of blocks, or by products with vectors."""
