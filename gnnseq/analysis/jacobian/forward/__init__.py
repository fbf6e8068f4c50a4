"""The Jacobian as blocks, by one forward pass through the recorded operations of a model."""
