"""The Jacobian of a model at a batch, block by block: two engines, one that goes forward and one that multiplies."""
