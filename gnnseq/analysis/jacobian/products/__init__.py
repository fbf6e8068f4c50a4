"""The Jacobian from products with vectors; inputs far from each other share a vector."""
