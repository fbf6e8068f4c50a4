"""The Jacobian in one way forward through the recorded operations of a model, as blocks."""
